// What a release checks of the addons it packs.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { checkAddon, platformOf } from '../../scripts/lib/platforms.mjs';
import { releasedAddons } from '../../scripts/lib/release.mjs';

const dir = mkdtempSync(join(tmpdir(), 'addons-'));
afterAll(() => rmSync(dir, { recursive: true }));

const X64 = 62;
const ARM64 = 183;

/** Writes the beginning of an ELF binary, and the names of the symbol versions that it needs. */
function elf(machine: number, ...versions: string[]): string {
  const head = Buffer.alloc(64);
  head.writeUInt32BE(0x7f454c46);
  head.writeUInt16LE(machine, 18);
  const file = join(dir, 'addon.node');
  writeFileSync(file, Buffer.concat([head, Buffer.from(versions.map((version) => `${version}\0`).join(''))]));
  return file;
}

const gnu = platformOf('aarch64-unknown-linux-gnu');
const musl = platformOf('aarch64-unknown-linux-musl');

it('names files as napi-rs looks for them', () => {
  const suffixes = ['aarch64-unknown-linux-gnu', 'x86_64-apple-darwin', 'x86_64-pc-windows-msvc'].map((target) =>
    platformOf(target).file.replace('nocobase-plugin-workflow-webhook.', ''),
  );
  expect(suffixes).toEqual(['linux-arm64-gnu.node', 'darwin-x64.node', 'win32-x64-msvc.node']);
});

it('accepts an addon that needs an old glibc, and returns the newest version that it needs', () => {
  expect(checkAddon(elf(ARM64, 'GLIBC_2.9', 'GLIBC_2.28', 'GLIBC_2.17'), gnu)).toBe('2.28');
});

it('rejects an addon that needs a newer glibc', () => {
  expect(() => checkAddon(elf(ARM64, 'GLIBC_2.17', 'GLIBC_2.34'), gnu)).toThrow('needs glibc 2.34');
});

it('rejects an addon for another processor', () => {
  expect(() => checkAddon(elf(X64, 'GLIBC_2.17'), gnu)).toThrow('linux-arm64, but found linux-x64');
});

it('rejects an addon for another libc', () => {
  expect(() => checkAddon(elf(ARM64, 'GLIBC_2.17'), musl)).toThrow('musl');
  expect(() => checkAddon(elf(ARM64), gnu)).toThrow('no glibc');
});

it('fails if the addon for a promised platform is missing, and says how to build it', () => {
  expect(() => releasedAddons([], ['aarch64-unknown-linux-gnu'])).toThrow(
    'npm run build:addon -- aarch64-unknown-linux-gnu',
  );
});
