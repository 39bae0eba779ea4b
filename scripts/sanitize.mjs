// `npm run sanitize`: runs the tests of `webhook-simd`, the only core crate with unsafe code, with the address sanitizer of the
// stable toolchain. `-- --all` includes the other crates, for the unsafe code in their dependencies, and runs the tests of
// `webhook-simd` in Miri if the nightly toolchain has it.
import { parseArgs } from 'node:util';
import { checkMachine, main } from './lib/bootstrap.mjs';
import { hasMiri, host, low, unstable } from './lib/nightly.mjs';

async function runs({ all }) {
  const simd = ['--package', 'webhook-simd'];
  const packages = all ? ['--workspace', '--exclude', 'nocobase-plugin-workflow-webhook'] : simd;
  // With an explicit target, the flags don't apply to build scripts and macros, which the sanitizer would break.
  const target = ['--target', await host(), '--target-dir', 'target/sanitize'];
  return {
    'address sanitizer': () =>
      low('cargo', ['test', ...packages, '--lib', '--tests', '--locked', ...target], {
        ...unstable,
        RUSTFLAGS: '-Zsanitizer=address',
      }),
    // Miri emulates only the features it is given; proptest needs the current folder.
    ...(all && {
      Miri:
        hasMiri() &&
        (() =>
          low('cargo', ['+nightly', 'miri', 'test', ...simd, '--tests', '--locked'], {
            ...(process.arch === 'x64' && { RUSTFLAGS: '-C target-feature=+avx2,+pclmulqdq,+bmi1,+popcnt' }),
            MIRIFLAGS: '-Zmiri-disable-isolation',
          })),
    }),
  };
}

await main(async () => {
  checkMachine();
  const { values } = parseArgs({ options: { all: { type: 'boolean', default: false } } });
  const [passed, failed] = [[], []];
  for (const [name, sanitize] of Object.entries(await runs(values))) {
    console.log(`\n== ${name}`);
    if (!sanitize) {
      console.log('Not run: Miri is missing (rustup component add miri rust-src --toolchain nightly)');
      continue;
    }
    ((await sanitize()) ? passed : failed).push(name);
  }
  console.log(`\nRan: ${[...passed, ...failed].join(', ')}`);
  for (const name of failed) console.log(`FAILED: ${name}`);
  console.log(`${passed.length} passed, ${failed.length} failed`);
  process.exitCode = failed.length === 0 ? 0 : 1;
});
