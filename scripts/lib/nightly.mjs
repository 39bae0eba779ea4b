// Rust's unstable features, which fuzzing, Miri and the sanitizers need, and cargo's tools, installed below `.nocobase`.
import { spawn, spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { root, workDir } from './paths.mjs';
import { onceFor } from './stamp.mjs';

const tools = join(workDir, 'tools');

/** The environment in which the stable compiler accepts the flags of sanitizers: a machine needs no other toolchain. */
export const unstable = { RUSTC_BOOTSTRAP: '1' };

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

/** Whether this machine has Miri, which comes with the nightly toolchain only. */
export const hasMiri = () => spawnSync('cargo', ['+nightly', 'miri', '--version'], { stdio: 'ignore' }).status === 0;

/** Installs cargo-fuzz, unless it is there. */
export const ensureCargoFuzz = () => ensureTool('cargo-fuzz', '0.13.2');

/** Installs cargo-deny, unless it is there; in the development profile, which compiles in a third of the time. */
export const ensureCargoDeny = () => ensureTool('cargo-deny', '0.20.2', ['--debug']);

async function ensureTool(name, version, more = []) {
  const step = { name, inputs: [], outputs: [`.nocobase/tools/bin/${name}`], more: version };
  await onceFor(step, async () => {
    console.log(`Installing ${name} ${version} ...`);
    const args = ['install', name, '--version', version, '--locked', '--quiet', '--force', '--root', tools, ...more];
    // Nobody debugs the tool.
    const env = { CARGO_PROFILE_DEV_DEBUG: '0', CARGO_PROFILE_DEV_INCREMENTAL: 'false' };
    if (!(await low('cargo', args, env))) throw new Error(`cargo ${args.join(' ')} failed`);
  });
}
