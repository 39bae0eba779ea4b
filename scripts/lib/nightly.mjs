// Rust's nightly toolchain, which fuzzing, Miri and the sanitizers need; the project itself is built with the stable one.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { root, workDir } from './paths.mjs';

const CARGO_FUZZ = '0.13.2';
const tools = join(workDir, 'tools');

/** Runs a command at low priority, showing what it prints; returns whether it succeeded. */
export function low(command, args, env = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn('nice', [command, ...args], {
      cwd: root,
      env: { ...process.env, PATH: `${join(tools, 'bin')}${delimiter}${process.env.PATH}`, ...env },
      stdio: 'inherit',
    });
    child.on('error', reject);
    child.on('close', (code) => resolve(code === 0));
  });
}

async function must(command, args) {
  if (!(await low(command, args))) throw new Error(`${command} ${args.join(' ')} failed`);
}

/** Installs the toolchain and these components of it, where they aren't there; never a newer one. */
export async function ensureNightly(components) {
  if (spawnSync('cargo', ['+nightly', '--version'], { stdio: 'ignore' }).status !== 0) {
    await must('rustup', ['toolchain', 'install', 'nightly', '--profile', 'minimal']);
  }
  if (components.length) await must('rustup', ['component', 'add', '--toolchain', 'nightly', ...components]);
}

/** Installs cargo-fuzz below `.nocobase`, where it isn't there. */
export async function ensureCargoFuzz() {
  if (!existsSync(join(tools, 'bin', 'cargo-fuzz'))) {
    await must('cargo', ['install', 'cargo-fuzz', '--version', CARGO_FUZZ, '--locked', '--root', tools]);
  }
}
