// Rust's unstable features for fuzzing, Miri and the sanitizers, and cargo tools, which are installed below `.nocobase`.
import { spawn, spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { root, workDir } from './paths.mjs';
import { run } from './run.mjs';
import { onceFor } from './stamp.mjs';

const tools = join(workDir, 'tools');

/** The environment that makes the stable compiler accept the flags of sanitizers, so that no other toolchain is needed. */
export const unstable = { RUSTC_BOOTSTRAP: '1' };

/** Returns the platform of this machine, e.g. `x86_64-unknown-linux-gnu`. */
export const host = async () => (await run('rustc', ['-vV'])).match(/^host: (.+)$/m)[1];

/** Runs a command at low priority and prints its output. Returns whether it succeeded. */
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

/** Whether this machine has Miri, a component of the nightly toolchain. */
export const hasMiri = () => spawnSync('cargo', ['+nightly', 'miri', '--version'], { stdio: 'ignore' }).status === 0;

/** Installs cargo-fuzz if it is missing. */
export const ensureCargoFuzz = () => ensureTool('cargo-fuzz', '0.13.2');

/** Installs cargo-deny if it is missing, in the development profile, which compiles three times as fast. */
export const ensureCargoDeny = () => ensureTool('cargo-deny', '0.20.2', ['--debug']);

async function ensureTool(name, version, more = []) {
  const step = { name, inputs: [], outputs: [`.nocobase/tools/bin/${name}`], more: version };
  await onceFor(step, async () => {
    console.log(`Installing ${name} ${version} ...`);
    const args = ['install', name, '--version', version, '--locked', '--quiet', '--force', '--root', tools, ...more];
    // The tool itself is never debugged.
    const env = { CARGO_PROFILE_DEV_DEBUG: '0', CARGO_PROFILE_DEV_INCREMENTAL: 'false' };
    if (!(await low('cargo', args, env))) throw new Error(`cargo ${args.join(' ')} failed`);
  });
}
