// What Debian's tools for binaries say about the addons of a release, apart from what `platforms.mjs` reads from their bytes.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { workDir } from './paths.mjs';
import { GLIBC, platforms, PROMISED } from './platforms.mjs';
import { run } from './run.mjs';

/** How `file` names a system and a processor. */
const NAMES = {
  linux: /^ELF 64-bit LSB shared object/,
  darwin: /^Mach-O 64-bit/,
  win32: /^PE32\+ executable/,
  x64: /x86[-_]64/,
  arm64: /aarch64|arm64/i,
};

/**
 * Checks one addon with `file` and, for Linux with glibc, with `objdump -T`.
 *
 * @param {string} path the addon
 * @param {{ file: string, platform: string, arch: string, abi?: string }} expected an item of `platforms`
 * @returns {Promise<string>} a line that says what was found
 * @throws {Error} if the binary is for another platform, or a symbol needs a newer glibc than a release promises
 */
export async function examine(path, { file: name, platform, arch, abi }) {
  const kind = (await run('file', ['-b', path])).trim();
  if (!NAMES[platform].test(kind) || !NAMES[arch].test(kind)) {
    throw new Error(`${name}: expected a binary for ${platform}-${arch}, but file says: ${kind}`);
  }
  if (abi !== 'gnu') return `${name}: ${kind}`;
  const symbols = await run('objdump', ['-T', path]);
  const versions = [...symbols.matchAll(/\bGLIBC_([\d.]+)/g)].map(([, version]) => version);
  const byNumber = (one, other) => one.localeCompare(other, 'en', { numeric: true });
  const newest = versions.sort(byNumber).at(-1);
  if (!newest || byNumber(newest, GLIBC) > 0) {
    throw new Error(`${name}: expected symbols of glibc up to ${GLIBC}, but objdump -T shows ${newest ?? 'none'}`);
  }
  return `${name}: ${kind}; symbols of glibc up to ${newest}`;
}

/** Examines every addon in a release's tarball. Returns a line for each. Throws if a promised one is missing. */
export async function examineRelease(tarball) {
  const folder = join(workDir, 'examined');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await run('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1', '--wildcards', '*.node']);
  const names = readdirSync(folder);
  const missing = platforms.filter(({ target, file }) => PROMISED.includes(target) && !names.includes(file));
  if (missing.length > 0) throw new Error(`expected ${missing.map(({ file }) => file).join(', ')} in ${tarball}`);
  const lines = [];
  for (const name of names) {
    const platform = platforms.find(({ file }) => file === name);
    if (!platform) throw new Error(`expected addons of known platforms, but found ${name} in ${tarball}`);
    lines.push(await examine(join(folder, name), platform));
  }
  return lines;
}
