// Real NocoBase apps in child processes, each with its own folder, port and database.
//
// Apps with the plugin enabled share the installed runtime and one unpacked plugin, which is linked into the runtime's
// `node_modules`. An app that installs the plugin itself gets its own `node_modules`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createHash, randomBytes } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pack } from './build.mjs';
import { createDatabase, dropDatabase, hasDatabase } from './databases.mjs';
import { packageJson, root, runtimeDir, workDir } from './paths.mjs';
import { freePort } from './ports.mjs';
import { run } from './run.mjs';
import { servicePort } from './services.mjs';
import { hashOf } from './stamp.mjs';

export { freePort };

const cli = join(root, 'scripts/lib/nocobase-cli.cjs');
const cliArgs = ['--preserve-symlinks', cli];

const sharedModules = join(runtimeDir, 'node_modules');

/**
 * Creates a `node_modules` in which NocoBase can link plugins for a single app. NocoBase's own packages are hard links: it
 * would resolve symbolic links and load a second copy of itself from the runtime.
 */
async function ownModules(dir) {
  const modules = join(dir, 'node_modules');
  mkdirSync(modules);
  for (const name of readdirSync(sharedModules).filter((entry) => !entry.startsWith('.') && entry !== '@nocobase')) {
    symlinkSync(join(sharedModules, name), join(modules, name), 'junction');
  }
  hardLink(join(sharedModules, '@nocobase'), join(modules, '@nocobase'));
}

function hardLink(from, to) {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.isDirectory()) hardLink(join(from, entry.name), join(to, entry.name));
    else linkSync(join(from, entry.name), join(to, entry.name));
  }
}

/** Copies the client for `APP_PACKAGE_ROOT`, since NocoBase writes the public path into the index.html there. */
function copyClient(dir) {
  const from = join(sharedModules, '@nocobase/app/dist/client');
  const to = join(dir, 'app/dist/client');
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.isDirectory()) symlinkSync(join(from, entry.name), join(to, entry.name), 'junction');
    else cpSync(join(from, entry.name), join(to, entry.name));
  }
}

async function unpack(file, folder) {
  mkdirSync(folder, { recursive: true });
  await run('tar', ['-xzf', file, '-C', folder, '--strip-components=1']);
}

/** Unpacks the packed plugin into a folder of plugins or packages, as a person does. */
export const unpackPlugin = async (folder) => unpack((await pack()).file, join(folder, packageJson.name));

/** Unpacks the plugin that apps share, and links it, which NocoBase would do too late for a first start. Returns its folder. */
async function sharedPlugin() {
  const { file, hash } = await pack();
  const folder = join(workDir, 'plugins', hash);
  const plugin = join(folder, packageJson.name);
  if (!existsSync(plugin)) {
    const unpacked = join(folder, `unpacking-${randomBytes(6).toString('hex')}`);
    await unpack(file, unpacked);
    renameOnce(unpacked, plugin);
  }
  const link = join(sharedModules, packageJson.name);
  if (readlink(link) !== plugin) {
    rmSync(link, { recursive: true, force: true });
    symlinkSync(plugin, link, 'junction');
  }
  return folder;
}

function readlink(link) {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}

/** Moves a finished folder to its place, unless another process has done so in the meantime. Returns whether it moved. */
function renameOnce(from, to) {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    rmSync(from, { recursive: true, force: true });
    if (!existsSync(to)) throw error;
    return false;
  }
}

/** The variables that a NocoBase process inherits: those it needs to run, none that configure it. */
const inherited = ['PATH', 'HOME', 'LANG', 'SystemRoot', 'APPDATA'];

function environment(dir, port, { modules, plugins }, database, env) {
  return {
    ...Object.fromEntries(inherited.filter((name) => process.env[name]).map((name) => [name, process.env[name]])),
    APP_ENV: 'production',
    NODE_ENV: 'production',
    APP_KEY: 'a key for apps on this machine only',
    APP_PORT: String(port),
    APP_PACKAGE_ROOT: join(dir, 'app'),
    NODE_MODULES_PATH: modules,
    NODE_PATH: modules,
    PLUGIN_STORAGE_PATH: plugins,
    // NocoBase unpacks uploads in the temporary folder under the name of the uploaded file.
    TMPDIR: join(dir, 'tmp'),
    // The path of a socket is limited to about 100 bytes.
    SOCKET_PATH: join(tmpdir(), `nocobase-${createHash('sha256').update(dir).digest('hex').slice(0, 12)}.sock`),
    TZ: 'UTC',
    LOGGER_TRANSPORT: 'console',
    LOGGER_LEVEL: 'info',
    LOGGER_FORMAT: 'logfmt',
    INIT_ROOT_EMAIL: 'admin@nocobase.com',
    INIT_ROOT_PASSWORD: 'admin123',
    INIT_ROOT_NICKNAME: 'Admin',
    INIT_ROOT_USERNAME: 'admin',
    ...database,
    ...env,
  };
}

/** Runs a NocoBase command. NocoBase exits with 0 even after an error, so errors are detected in its output. */
async function command(dir, env, ...args) {
  const output = [];
  await run(process.execPath, [...cliArgs, ...args], { cwd: dir, env, onLine: (line) => output.push(line) });
  const error = output.findIndex((line) => /\blevel=error\b|^\S*Error: /.test(line));
  if (error >= 0) throw new Error(`nocobase ${args.join(' ')} failed\n${output.slice(error, error + 20).join('\n')}`);
  return output.join('\n');
}

/** Installs NocoBase into the app's database and enables the plugin, with NocoBase's documented commands. */
async function install(dir, env, withPlugin) {
  await command(dir, env, 'install', '--lang=en-US');
  if (withPlugin) await command(dir, env, 'pm', 'enable', packageJson.name);
}

function createFolder(dir) {
  rmSync(dir, { recursive: true, force: true });
  for (const folder of ['storage/plugins', 'storage/db', 'tmp']) mkdirSync(join(dir, folder), { recursive: true });
  // NocoBase's command line rejects a folder without this file.
  writeFileSync(join(dir, '.env.e2e.example'), '');
  copyClient(dir);
}

/** Returns the folders of an app's packages and plugins. */
async function layout(dir, withPlugin) {
  if (withPlugin) return { modules: sharedModules, plugins: await sharedPlugin() };
  if (!existsSync(join(dir, 'node_modules'))) await ownModules(dir);
  return { modules: join(dir, 'node_modules'), plugins: join(dir, 'storage/plugins') };
}

/**
 * Prepares an app with NocoBase installed and the plugin enabled, once per build of the plugin. Apps are copied from it,
 * since installing takes longer than most tests.
 *
 * @param {'sqlite' | 'postgres' | 'mariadb'} [dialect]
 * @returns {Promise<{ storage: string, database: string }>} the folder to copy, and the name whose database to copy
 */
export async function installedTemplate(dialect = 'sqlite') {
  const { hash } = await pack();
  const sources = ['scripts/runtime', 'scripts/lib/nocobase.mjs', 'scripts/lib/nocobase-cli.cjs'];
  // One for each server: a template whose database is elsewhere is not abandoned, as other tests may be copying it.
  const server = dialect === 'sqlite' ? '' : servicePort(dialect);
  const template = join(workDir, 'templates', hashOf(sources, `${hash} ${dialect} ${server}`));
  const made = () => ({
    storage: join(template, 'storage'),
    database: readFileSync(join(template, 'database'), 'utf8'),
  });
  if (existsSync(template)) {
    if (dialect === 'sqlite' || (await hasDatabase(dialect, made().database))) return made();
    rmSync(template, { recursive: true });
  }
  const name = `template-${randomBytes(6).toString('hex')}`;
  const dir = join(workDir, 'templates', name);
  createFolder(dir);
  writeFileSync(join(dir, 'database'), name);
  const database = dialect === 'sqlite' ? sqlite(dir) : await createDatabase(dialect, name);
  await install(dir, environment(dir, 0, await layout(dir, true), database, {}), true);
  if (!renameOnce(dir, template) && dialect !== 'sqlite') await dropDatabase(dialect, name);
  return made();
}

const sqlite = (dir) => ({ DB_DIALECT: 'sqlite', DB_STORAGE: join(dir, 'storage/db/nocobase.sqlite') });

/**
 * Boots a NocoBase app with this plugin enabled and waits until it responds.
 *
 * @param {import('./nocobase.d.mts').BootOptions} [options]
 * @returns {Promise<import('./nocobase.d.mts').App>}
 */
export async function bootApp({
  name = `app-${randomBytes(4).toString('hex')}`,
  port,
  dialect = 'sqlite',
  env = {},
  fresh = true,
  withPlugin = true,
  inImage = false,
  onLine = () => {},
} = {}) {
  const dir = join(workDir, 'apps', name);
  const kept = join(dir, 'database.json');
  const appPort = port ?? (await freePort());
  const created = fresh || !existsSync(kept);
  if (created) createFolder(dir);
  const places = await layout(dir, withPlugin);
  if (created) {
    if (inImage) await unpackPlugin(places.modules);
    const asInstalled = withPlugin && !Object.keys(env).some((key) => /^(DB|INIT)_/.test(key));
    const template = asInstalled ? await installedTemplate(dialect) : undefined;
    if (template) cpSync(template.storage, join(dir, 'storage'), { recursive: true });
    const database = dialect === 'sqlite' ? sqlite(dir) : await createDatabase(dialect, name, template?.database);
    if (!template) await install(dir, environment(dir, appPort, places, database, env), withPlugin);
    writeFileSync(kept, JSON.stringify(database));
  }
  const database = JSON.parse(readFileSync(kept, 'utf8'));
  const app = new App(name, dir, environment(dir, appPort, places, database, env), onLine);
  await app.start();
  return app;
}

/**
 * Boots the app of `npm start`, which is kept between starts, on the database of NocoBase's variables or else on SQLite.
 *
 * @param {number} port
 * @param {(line: string) => void} report called with the progress
 */
export async function bootStandalone(port, report) {
  if (!(await isFree(port))) throw new Error(`Port ${port} is already in use. Set APP_PORT to a free port.`);
  const own = Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_|INIT_CWD$|TMPDIR$)/i.test(name));
  const env = { ...Object.fromEntries(own), APP_PORT: String(port) };
  const { DB_DIALECT = 'sqlite', DB_STORAGE, DB_HOST, DB_PORT, DB_DATABASE, DB_SCHEMA, DB_TABLE_PREFIX } = process.env;
  const identity = [DB_DIALECT, DB_STORAGE, DB_HOST, DB_PORT, DB_DATABASE, DB_SCHEMA, DB_TABLE_PREFIX]
    .filter(Boolean)
    .join(' ');
  const dir = join(workDir, 'apps', `start-${identity.replace(/[^\w.-]+/g, '-')}`);
  const created = !existsSync(dir);
  if (created) createFolder(dir);
  const places = await layout(dir, true);
  if (created && identity === 'sqlite' && !process.env.INIT_ROOT_EMAIL) {
    report('installing NocoBase');
    cpSync((await installedTemplate()).storage, join(dir, 'storage'), { recursive: true });
  }
  const database = DB_DIALECT === 'sqlite' ? sqlite(dir) : {};
  const appEnv = environment(dir, port, places, database, env);
  const app = new App('start', dir, appEnv, (line) => report(line.match(/message=(.*?) extra=/)?.[1] ?? line));
  try {
    await app.start();
  } catch (error) {
    if (!(error instanceof NotInstalledError)) throw error;
    report('installing NocoBase into the database');
    await install(dir, appEnv, true);
    await app.start();
  }
  return app;
}

/** Enables the plugin in an existing NocoBase, if it isn't enabled yet. */
export async function enablePlugin(app) {
  const isEnabled = async () =>
    (await app.api('GET', 'pm:list')).some(({ packageName, enabled }) => packageName === packageJson.name && enabled);
  if (await isEnabled()) return;
  await app.api('POST', `pm:enable?filterByTk=${packageJson.name}&awaitResponse=true`);
  for (let tries = 0; tries < 60; tries += 1) {
    // The app restarts and responds with 503 meanwhile.
    if (await isEnabled().catch(() => false)) return;
    await sleep(500);
  }
  throw new Error(`NocoBase failed to enable ${packageJson.name}. See its log: ${app.logFile}`);
}

async function isFree(port) {
  const server = createServer();
  try {
    server.listen(port);
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

/** The database exists, but NocoBase isn't installed in it. */
class NotInstalledError extends Error {}

/** Running apps, which are killed when this process exits: otherwise they would keep their ports. */
const running = new Set();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

class App {
  #env;
  #onLine;
  #child;
  #log = '';
  #token;

  constructor(name, dir, env, onLine) {
    this.name = name;
    this.dir = dir;
    this.port = Number(env.APP_PORT);
    this.plugins = env.PLUGIN_STORAGE_PATH;
    this.account = { account: env.INIT_ROOT_EMAIL, password: env.INIT_ROOT_PASSWORD };
    this.logFile = join(workDir, 'logs', `${name}.log`);
    mkdirSync(join(workDir, 'logs'), { recursive: true });
    writeFileSync(this.logFile, '');
    this.#env = env;
    this.#onLine = onLine;
    this.url = `http://127.0.0.1:${this.port}`;
    const publicPath = (env.APP_PUBLIC_PATH ?? '').replace(/\/$/, '');
    this.apiUrl = `${this.url}${publicPath}${env.API_BASE_PATH ?? '/api/'}`;
  }

  get pid() {
    return this.#child?.pid;
  }

  async start() {
    if (this.#child) throw new Error(`${this.name} is already running`);
    const child = spawn(process.execPath, [...cliArgs, 'start'], {
      cwd: this.dir,
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    running.add(child);
    const exited = once(child, 'exit').then(() => {
      running.delete(child);
      if (this.#child === child) this.#child = undefined;
    });
    this.exited = exited;
    const deadline = Date.now() + 120_000;
    // Each early health check logs an error, so the first one waits for NocoBase's message that it has started, or a few
    // seconds, in case the log level suppresses that message.
    let nextCheck = Date.now() + 5000;
    let notInstalled = false;
    let unreachable;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.#log += text;
        appendFileSync(this.logFile, text);
        if (text.includes('app has been started')) nextCheck = 0;
        if (text.includes('APP_NOT_INSTALLED_ERROR')) notInstalled = true;
        // NocoBase retries for minutes; a database that is just slow to start is available by the fourth attempt.
        unreachable ??= text.match(/attempt 4\/\d+: (Unable to connect to the database.*?) extra=/)?.[1];
        for (const line of text.split('\n').filter((part) => part.trim())) this.#onLine(line);
      });
    }
    while (Date.now() < deadline) {
      if (unreachable) {
        await this.kill9();
        throw new Error(`${unreachable}. Check the DB_* variables.`);
      }
      if (notInstalled) {
        await this.kill9();
        throw new NotInstalledError(`NocoBase isn't installed in the database of ${this.name}`);
      }
      if (this.#child !== child) throw new Error(`${this.name} exited while starting\n${this.#tail()}`);
      if (Date.now() > nextCheck) {
        if (await this.#isHealthy()) return;
        nextCheck = Date.now() + 1000;
      }
      await sleep(50);
    }
    await this.kill9();
    throw new Error(`${this.name} did not respond within 120 s\n${this.#tail()}`);
  }

  async #isHealthy() {
    try {
      const response = await fetch(`${this.apiUrl}__health_check`, { signal: AbortSignal.timeout(2000) });
      return response.status === 200 && (await response.text()) === 'ok';
    } catch {
      return false;
    }
  }

  #tail() {
    return this.#log.split('\n').slice(-40).join('\n');
  }

  logs() {
    return this.#log;
  }

  async login() {
    const response = await fetch(`${this.apiUrl}auth:signIn`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-authenticator': 'basic' },
      body: JSON.stringify(this.account),
    });
    const body = await response.json();
    if (!response.ok) throw new Error(`failed to sign in: ${response.status} ${JSON.stringify(body)}`);
    this.#token = body.data.token;
    return this.#token;
  }

  fetch(path, init) {
    return fetch(this.apiUrl + path, init);
  }

  async api(method, path, body, { app } = {}) {
    const token = this.#token ?? (await this.login());
    const response = await this.fetch(path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body instanceof FormData || body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(app ? { 'x-app': app } : {}),
      },
      body: body instanceof FormData || body === undefined ? body : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} returned ${response.status}: ${text}`);
    const parsed = text ? JSON.parse(text) : {};
    return parsed.data ?? parsed;
  }

  async stop({ timeout = 30_000 } = {}) {
    const child = this.#child;
    if (!child) return;
    child.kill('SIGTERM');
    const stopped = await Promise.race([this.exited.then(() => true), sleep(timeout, false, { ref: false })]);
    if (!stopped) {
      await this.kill9();
      throw new Error(`${this.name} did not stop within ${timeout / 1000} s of SIGTERM\n${this.#tail()}`);
    }
  }

  async kill9() {
    this.#child?.kill('SIGKILL');
    await this.exited;
  }

  async restart() {
    await this.stop();
    this.#token = undefined;
    await this.start();
  }

  async remove() {
    await this.stop();
    if (this.#env.DB_DIALECT !== 'sqlite') await dropDatabase(this.#env.DB_DIALECT, this.name);
    rmSync(this.dir, { recursive: true, force: true });
  }
}
