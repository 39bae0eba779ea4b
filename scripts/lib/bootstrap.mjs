// What has to be done before packages can be imported. Uses only Node's built-in modules.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packageJson } from './paths.mjs';
import { run } from './run.mjs';
import { onceFor } from './stamp.mjs';

/**
 * Returns the environment for an `npm ci` that may compile packages: uses Node's own headers if they are installed, instead of
 * downloading them.
 */
export function npmEnvironment() {
  const prefix = dirname(dirname(process.execPath));
  const hasHeaders = existsSync(join(prefix, 'include', 'node', 'node.h'));
  return { ...process.env, ...(hasHeaders ? { npm_config_nodedir: prefix } : {}) };
}

const runs = (command, args = ['--version']) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/**
 * Exits with an error if the machine lacks a tool that the project can't install itself.
 *
 * @param {{ compiles?: boolean }} [options] whether Rust is compiled
 */
export function checkMachine({ compiles = true } = {}) {
  const [, major, minor] = packageJson.engines.node.match(/(\d+)\.(\d+)/).map(Number);
  const [nodeMajor, nodeMinor] = process.versions.node.split('.').map(Number);
  const compilers = process.platform === 'win32' ? [['cl', []]] : [['cc'], ['gcc'], ['clang']];
  const missing = [
    [
      nodeMajor > major || (nodeMajor === major && nodeMinor >= minor),
      `Node ${major}.${minor} or newer (https://nodejs.org)`,
    ],
    [!compiles || (runs('cargo') && runs('rustc')), 'Rust with cargo (https://rustup.rs)'],
    [
      !compiles || compilers.some((compiler) => runs(...compiler)),
      'a C compiler (e.g. Debian package build-essential)',
    ],
  ].flatMap(([there, what]) => (there ? [] : [what]));
  if (missing.length === 0) return;
  console.error(`Missing: ${missing.join('; ')}. Please install and try again.`);
  process.exit(1);
}

/** Runs `npm ci` if the lock has changed since the last time, and prints how long it took. */
export async function installPackages() {
  const step = { name: 'packages', inputs: ['package-lock.json'], outputs: ['node_modules/listr2'] };
  const started = Date.now();
  const ran = await onceFor(step, async () => {
    console.log('Installing build and test packages (npm ci) ...');
    await run('npm', ['ci', '--legacy-peer-deps', '--no-audit', '--no-fund'], { env: npmEnvironment() });
  });
  if (ran) console.log(`Installed build and test packages [${((Date.now() - started) / 1000).toFixed(1)}s]`);
}

/** Runs a script's main function. An error exits with its message; only a bug in the script prints its stack. */
export async function main(body) {
  try {
    await body();
  } catch (error) {
    console.error(error instanceof TypeError || error instanceof ReferenceError ? error : `\n${error.message}`);
    process.exit(1);
  }
}
