// A bare Debian 12 with Node 22 in a folder, like NocoBase's official image: no compiler, no Rust, no npm. Needs root and debootstrap.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageJson, root, runtimeDir, workDir } from './paths.mjs';
import { run } from './run.mjs';
import { onceFor } from './stamp.mjs';

const NODE = '22.23.3';

/** Where the app is in NocoBase's image. */
const APP = '/app/nocobase';

const debian = join(workDir, 'debian');
const app = join(debian, APP);

/** Returns the address of the Debian packages that this machine's apt uses, so that its mirror and proxy hold here too. */
async function aptSettings() {
  const uris = await run('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages']).catch(
    () => '',
  );
  const mirror = uris.split('\n').find((uri) => /\/debian\/?$/.test(uri)) ?? 'http://deb.debian.org/debian/';
  const [, proxy] = (await run('apt-config', ['dump'])).match(/^Acquire::http::Proxy "(.+)";/m) ?? [];
  return { mirror, env: { ...process.env, ...(proxy ? { http_proxy: proxy } : {}) } };
}

/** Makes the root once, and a fresh installation of NocoBase in it. Returns how to use it. */
export async function bareDebian() {
  if (process.getuid() !== 0 || spawnSync('debootstrap', ['--version'], { stdio: 'ignore' }).error) {
    throw new Error('Missing: root, and debootstrap (Debian package debootstrap).');
  }
  const step = {
    name: 'debian',
    inputs: [],
    outputs: ['.nocobase/debian/usr/sbin/nginx', '.nocobase/debian/usr/local/bin/node'],
  };
  await onceFor({ ...step, more: NODE }, async () => {
    rmSync(debian, { recursive: true, force: true });
    const { mirror, env } = await aptSettings();
    await run('debootstrap', ['--variant=minbase', '--include=nginx', 'bookworm', debian, mirror], { env });
    const name = `node-linux-${process.arch}`;
    const node = join(workDir, 'tools', 'node');
    await run('npm', ['install', '--prefix', node, '--no-save', '--force', `${name}@${NODE}`]);
    cpSync(join(node, 'node_modules', name, 'bin/node'), join(debian, 'usr/local/bin/node'));
  });
  rmSync(app, { recursive: true, force: true });
  for (const folder of ['storage/plugins', 'storage/db', 'tmp']) mkdirSync(join(app, folder), { recursive: true });
  // Hard links: NocoBase's packages take a gigabyte, and a link that NocoBase adds for a plugin stays here.
  await run('cp', ['-al', join(runtimeDir, 'node_modules'), join(app, 'node_modules')]);
  rmSync(join(app, 'node_modules', packageJson.name), { force: true });
  // NocoBase writes its public path into this file, which must not be the one of the runtime.
  const client = join(app, 'node_modules/@nocobase/app/dist/client');
  rmSync(client, { recursive: true });
  cpSync(join(runtimeDir, 'node_modules/@nocobase/app/dist/client'), client, { recursive: true });
  cpSync(join(root, 'scripts/lib/nocobase-cli.cjs'), join(app, 'nocobase-cli.cjs'));
  writeFileSync(join(app, '.env.e2e.example'), '');
}

const environment = (port) => ({
  PATH: '/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  APP_ENV: 'production',
  NODE_ENV: 'production',
  APP_KEY: 'a key for apps on this machine only',
  APP_PORT: String(port),
  APP_PACKAGE_ROOT: `${APP}/node_modules/@nocobase/app`,
  NODE_MODULES_PATH: `${APP}/node_modules`,
  PLUGIN_STORAGE_PATH: `${APP}/storage/plugins`,
  STORAGE_PATH: `${APP}/storage`,
  DB_DIALECT: 'sqlite',
  DB_STORAGE: `${APP}/storage/db/nocobase.sqlite`,
  SOCKET_PATH: '/tmp/nocobase.sock',
  TMPDIR: `${APP}/tmp`,
  TZ: 'UTC',
  LOGGER_TRANSPORT: 'console',
  INIT_ROOT_EMAIL: 'admin@nocobase.com',
  INIT_ROOT_PASSWORD: 'admin123',
  INIT_ROOT_NICKNAME: 'Admin',
  INIT_ROOT_USERNAME: 'admin',
});

const inside = (line) => [debian, '/bin/sh', '-c', `cd ${APP} && ${line}`];

/** Runs a shell line in the app's folder of the root, to its end. Returns its output. */
export const runInside = (line, port = 0) => run('chroot', inside(line), { env: environment(port) });

/** Starts a shell line in the root. Returns the child process and a function that returns what it printed. */
export function startInside(line, port) {
  const child = spawn('chroot', inside(`exec ${line}`), { env: environment(port), stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  return { child, output: () => output };
}

export const nocobase = (command) => `node --preserve-symlinks nocobase-cli.cjs ${command}`;

/** Has NocoBase write its nginx configuration, and puts it where nginx reads it, on a free port instead of 80. */
export async function configureNginx(appPort, port) {
  const script = `
    const { initEnv } = require('@nocobase/cli-v1/src/util');
    const { Command } = require('commander');
    initEnv();
    const cli = new Command();
    require('@nocobase/cli-v1/src/commands/create-nginx-conf')(cli);
    cli.parse(['node', 'nocobase', 'create-nginx-conf']);`;
  writeFileSync(join(app, 'nginx-conf.cjs'), script);
  await runInside('node nginx-conf.cjs', appPort);
  await runInside(
    `rm -f /etc/nginx/sites-enabled/default && sed 's/listen 80;/listen ${port};/' storage/nocobase.conf > /etc/nginx/conf.d/nocobase.conf`,
  );
  if (!existsSync(join(debian, 'etc/nginx/conf.d/nocobase.conf'))) throw new Error('expected a configuration of nginx');
}
