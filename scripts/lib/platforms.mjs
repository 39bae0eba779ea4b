// The platforms of the addon: what they are called by Rust, by Node and in file names, and what a built addon says about itself.
import { readFileSync } from 'node:fs';
import { packageJson } from './paths.mjs';

/** What a release promises: NocoBase's official images, and servers like them. */
export const PROMISED = ['x86_64-unknown-linux-gnu', 'aarch64-unknown-linux-gnu'];

/** The newest glibc that an addon may need: that of Debian 10 and RHEL 8. */
export const GLIBC = '2.28';

const CPU = { x86_64: 'x64', aarch64: 'arm64' };
const SYSTEM = { linux: 'linux', darwin: 'darwin', windows: 'win32' };

/**
 * Describes a target of Rust as Node and napi-rs do.
 *
 * @param {string} target e.g. `aarch64-unknown-linux-gnu`
 * @returns {{ target: string, platform: string, arch: string, abi?: string, file: string }}
 */
export function platformOf(target) {
  const [cpu, , system, abi] = target.split('-');
  if (!packageJson.napi.targets.includes(target)) {
    throw new Error(`expected one of ${packageJson.napi.targets.join(', ')}, but found ${target}`);
  }
  const [platform, arch] = [SYSTEM[system], CPU[cpu]];
  const file = `${packageJson.napi.binaryName}.${[platform, arch, abi].filter(Boolean).join('-')}.node`;
  return { target, platform, arch, ...(abi ? { abi } : {}), file };
}

/** All platforms that an addon may be built for. */
export const platforms = packageJson.napi.targets.map(platformOf);

/** The platform of this process. */
export function ownPlatform() {
  const { glibcVersionRuntime } = process.report.getReport().header;
  const abi = { linux: glibcVersionRuntime ? 'gnu' : 'musl', win32: 'msvc' }[process.platform];
  return platforms.find(
    (known) => known.platform === process.platform && known.arch === process.arch && known.abi === abi,
  );
}

const ELF_MACHINE = { 62: 'x64', 183: 'arm64' };
const MACH_CPU = { 0x1000007: 'x64', 0x100000c: 'arm64' };
const PE_MACHINE = { 0x8664: 'x64', 0xaa64: 'arm64' };

/** Returns what a binary was built for, and the newest glibc that its symbols need. */
export function inspect(file) {
  const bytes = readFileSync(file);
  if (bytes.readUInt32BE(0) === 0x7f454c46) {
    const needed = [...bytes.toString('latin1').matchAll(/\bGLIBC_(\d+)\.(\d+)/g)].map(([, major, minor]) => [
      Number(major),
      Number(minor),
    ]);
    const [newest] = needed.sort(newerFirst);
    return { platform: 'linux', arch: ELF_MACHINE[bytes.readUInt16LE(18)], glibc: newest?.join('.') };
  }
  if (bytes.readUInt32LE(0) === 0xfeedfacf) return { platform: 'darwin', arch: MACH_CPU[bytes.readUInt32LE(4)] };
  if (bytes.toString('latin1', 0, 2) === 'MZ') {
    return { platform: 'win32', arch: PE_MACHINE[bytes.readUInt16LE(bytes.readUInt32LE(60) + 4)] };
  }
  return {};
}

const newerFirst = ([major, minor], [otherMajor, otherMinor]) => otherMajor - major || otherMinor - minor;

/**
 * Checks that an addon is for the platform that its name says, and runs where it has to. Returns the glibc that it needs, if any.
 *
 * @param {string} file its path
 * @param {ReturnType<typeof platformOf>} platform
 */
export function checkAddon(file, { platform, arch, abi, file: name }) {
  const found = inspect(file);
  if (found.platform !== platform || found.arch !== arch) {
    throw new Error(`${name}: expected a binary for ${platform}-${arch}, but found ${found.platform}-${found.arch}`);
  }
  if (platform !== 'linux') return undefined;
  if ((found.glibc !== undefined) !== (abi === 'gnu')) {
    throw new Error(`${name}: expected a binary for ${abi}, but it needs ${found.glibc ? 'glibc' : 'no glibc'}`);
  }
  if (abi === 'gnu' && newerFirst(GLIBC.split('.').map(Number), found.glibc.split('.').map(Number)) > 0) {
    throw new Error(`${name}: needs glibc ${found.glibc}, but has to run with ${GLIBC}`);
  }
  return found.glibc;
}
