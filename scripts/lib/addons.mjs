// Addons for all platforms, kept in the ignored folder `prebuilt`. Beside each is a file with the hash of the sources it was built
// from, so that an addon of other sources is never packed or used.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { packageJson, root, workDir } from './paths.mjs';
import { checkAddon, GLIBC, ownPlatform, platformOf } from './platforms.mjs';
import { run } from './run.mjs';
import { hashOf, onceFor } from './stamp.mjs';

/** What an addon is compiled from. */
export const sources = ['Cargo.toml', 'Cargo.lock', 'build.rs', 'src/native', 'crates'];

const folder = join(root, 'prebuilt');

const sourceHash = () => hashOf(sources);

/** Returns the path of the addon for a platform that was built from the present sources, or `undefined`. */
export function prebuiltAddon({ file }) {
  const path = join(folder, file);
  const isCurrent =
    existsSync(path) && existsSync(`${path}.source`) && readFileSync(`${path}.source`, 'utf8').trim() === sourceHash();
  return isCurrent ? path : undefined;
}

/**
 * Returns the addon for this machine, if it was built before from the present sources. With it, neither Rust nor a C compiler
 * is needed.
 */
export function ownPrebuilt() {
  const platform = ownPlatform();
  return platform && prebuiltAddon(platform);
}

/**
 * Builds the addon for a target in release mode, unless it is there already. Returns its path.
 *
 * For Linux it is linked by zig, which has every libc, glibc with the symbols of an old version; for everything else by the machine's
 * own toolchain.
 *
 * @param {string} target
 * @param {(line: string) => void} [report] called with the progress
 */
export async function buildAddon(target, report) {
  const platform = platformOf(target);
  const there = prebuiltAddon(platform);
  if (there) return there;
  await ensureTarget(target);
  const isLinux = platform.platform === 'linux';
  const env = isLinux ? await ensureZig() : process.env;
  const command = isLinux ? 'zigbuild' : 'build';
  const triple = platform.abi === 'gnu' ? `${target}.${GLIBC}` : target;
  // A shared library that links musl dynamically, as Node does there.
  const flags = platform.abi === 'musl' ? { RUSTFLAGS: '-C target-feature=-crt-static' } : {};
  const args = [command, '--release', '--locked', '--package', packageJson.name, '--target', triple];
  await run('cargo', args, { env: { ...env, ...flags }, onLine: report });
  const [prefix, suffix] = { linux: ['lib', '.so'], darwin: ['lib', '.dylib'], win32: ['', '.dll'] }[platform.platform];
  const library = `${prefix}${packageJson.name.replaceAll('-', '_')}${suffix}`;
  const path = join(folder, platform.file);
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(root, 'target', target, 'release', library), path);
  checkAddon(path, platform);
  writeFileSync(`${path}.source`, `${sourceHash()}\n`);
  return path;
}

async function ensureTarget(target) {
  const [host] = (await run('rustc', ['-vV'])).match(/(?<=^host: ).+$/m);
  if (host === target) return;
  if (spawnSync('rustup', ['--version'], { stdio: 'ignore' }).status !== 0) {
    throw new Error(`Missing: rustup (https://rustup.rs), which installs Rust's standard library for ${target}.`);
  }
  await run('rustup', ['target', 'add', target]);
}

const ZIG = ['ziglang==0.17.1', 'cargo-zigbuild==0.24.1'];

/** Installs zig and cargo-zigbuild below `.nocobase`. Returns the environment in which cargo finds them. */
export async function ensureZig() {
  const tools = join(workDir, 'tools', 'zig');
  await onceFor(
    { name: 'zig', inputs: [], outputs: ['.nocobase/tools/zig/bin/cargo-zigbuild'], more: ZIG.join() },
    async () => {
      try {
        await run('python3', ['-m', 'venv', tools]);
      } catch (error) {
        throw new Error('Missing: Python 3 with venv (Debian package python3-venv), which installs zig.', {
          cause: error,
        });
      }
      await run(join(tools, 'bin/pip'), ['install', '--disable-pip-version-check', '--quiet', ...ZIG]);
    },
  );
  return { ...process.env, PATH: `${join(tools, 'bin')}${delimiter}${process.env.PATH}` };
}
