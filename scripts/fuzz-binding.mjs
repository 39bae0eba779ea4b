// `npm run fuzz:binding`: calls the exports of the addon with generated JavaScript values (fuzz/binding.mjs) for a minute, with
// the address sanitizer. `-- --seconds 600` runs longer; `-- --seed 7 --cases 1` repeats one case. Linux only, where the
// sanitizer can be loaded before Node.
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkMachine, main } from './lib/bootstrap.mjs';
import { host, low, unstable } from './lib/nightly.mjs';
import { root, workDir } from './lib/paths.mjs';
import { run } from './lib/run.mjs';

const folder = join(workDir, 'sanitize');
const target = join(root, 'target', 'sanitize');

/** Builds the addon with the sanitizer, an unstable feature that the stable compiler contains too. */
async function buildAddon(platform) {
  // With an explicit target, the flags don't apply to build scripts and macros, which the sanitizer would break.
  const args = ['build', '--package', 'nocobase-plugin-workflow-webhook', '--lib', '--locked'];
  const built = await low('cargo', [...args, '--target', platform, '--target-dir', target], {
    ...unstable,
    RUSTFLAGS: '-Zsanitizer=address',
    CARGO_PROFILE_DEV_DEBUG: 'line-tables-only',
  });
  if (!built) throw new Error('building the addon with the address sanitizer failed');
  const addon = join(folder, 'addon.node');
  copyFileSync(join(target, platform, 'debug', 'libnocobase_plugin_workflow_webhook.so'), addon);
  return addon;
}

/** Links the sanitizer's library, which has to be loaded before Node: Rust only ships it for Rust programs. */
async function linkRuntime(platform) {
  const sysroot = (await run('rustc', ['--print', 'sysroot'])).trim();
  const libraries = join(sysroot, 'lib', 'rustlib', platform, 'lib');
  const archive = readdirSync(libraries).find((file) => /^librustc-.*_rt\.asan\.a$/.test(file));
  if (!archive) throw new Error(`expected an address sanitizer in ${libraries}, but found none`);
  const copy = join(folder, 'asan.a');
  copyFileSync(join(libraries, archive), copy);
  // Initializes the sanitizer in programs and can't be linked into a library. Instrumented code initializes it too.
  await run('ar', ['d', copy, 'asan_preinit.cpp.o']);
  // The file name must not be that of another sanitizer's library, or this one would identify itself as that.
  const library = join(folder, 'sanitizer.so');
  const system = ['-ldl', '-lpthread', '-lm', '-lrt', '-lgcc_s'];
  await run('cc', ['-shared', '-Wl,--whole-archive', copy, '-Wl,--no-whole-archive', ...system, '-o', library]);
  return library;
}

/** Runs the cases. Returns how the process ended and whether a panic was caught. */
function fuzz(addon, library, args, seconds) {
  return new Promise((resolve, reject) => {
    // Node 20 has `ArrayBuffer.prototype.transfer` only with this flag.
    const more = 'transfer' in ArrayBuffer.prototype ? [] : ['--harmony-rab-gsab-transfer'];
    const child = spawn(
      'nice',
      [process.execPath, '--expose-gc', ...more, join(root, 'fuzz', 'binding.mjs'), ...args],
      {
        cwd: root,
        env: {
          ...process.env,
          LD_PRELOAD: library,
          NAPI_RS_NATIVE_LIBRARY_PATH: addon,
          // V8 never frees some memory, so leaks aren't reported. Allocating by a forged `length` is a finding.
          ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=1:max_allocation_size_mb=1024:hard_rss_limit_mb=3072',
        },
        stdio: ['ignore', 'inherit', 'pipe'],
      },
    );
    let panicked = false;
    child.stderr.setEncoding('utf8').on('data', (text) => {
      panicked ||= text.includes('panicked at');
      process.stderr.write(text);
    });
    const hung = setTimeout(() => child.kill('SIGABRT'), (seconds + 60) * 1000);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(hung);
      resolve({ ended: signal ?? `exit code ${code}`, panicked });
    });
  });
}

await main(async () => {
  checkMachine();
  if (process.platform !== 'linux') throw new Error(`expected Linux, but found ${process.platform}`);
  const { values } = parseArgs({
    options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' }, cases: { type: 'string' } },
  });
  const seed = values.seed ?? String(Math.floor(Math.random() * 2 ** 31));
  mkdirSync(folder, { recursive: true });
  const platform = await host();
  const addon = await buildAddon(platform);
  const library = await linkRuntime(platform);
  console.log(`Seed ${seed}`);
  const progress = join(folder, 'case');
  writeFileSync(progress, 'none');
  const args = ['--seed', seed, '--seconds', values.seconds, '--progress', progress];
  if (values.cases) args.push('--cases', values.cases);
  const { ended, panicked } = await fuzz(addon, library, args, Number(values.seconds));
  if (ended === 'exit code 0' && !panicked) return;
  const last = readFileSync(progress, 'utf8');
  const where = panicked ? `; a panic was caught in one of the cases ${seed} to ${last}` : `, in case ${last}`;
  throw new Error(`fuzzing the binding failed: ${ended}${where}. Repeat a case with --seed <case> --cases 1`);
});
