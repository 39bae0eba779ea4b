// `npm run sanitize`: the tests of `webhook-simd`, the one crate of rules with unsafe code, in Miri and under the address
// sanitizer. For x86-64, where the crate has such code.
import { checkMachine, main } from './lib/bootstrap.mjs';
import { ensureNightly, low } from './lib/nightly.mjs';

const tests = ['--package', 'webhook-simd', '--tests', '--locked'];
const target = `x86_64-${process.platform === 'darwin' ? 'apple-darwin' : 'unknown-linux-gnu'}`;

const runs = {
  // Miri's processor has what it is told to have; proptest asks for the folder it is in.
  miri: [
    ['miri', 'test', ...tests],
    {
      RUSTFLAGS: '-C target-feature=+avx2,+pclmulqdq,+bmi1,+popcnt',
      MIRIFLAGS: '-Zmiri-disable-isolation',
    },
  ],
  'address sanitizer': [
    ['test', ...tests, '--target', target, '--target-dir', 'target/sanitize'],
    { RUSTFLAGS: '-Zsanitizer=address' },
  ],
};

await main(async () => {
  checkMachine();
  await ensureNightly(['miri', 'rust-src']);
  const failed = [];
  for (const [name, [args, env]] of Object.entries(runs)) {
    console.log(`\n== ${name}`);
    if (!(await low('cargo', ['+nightly', ...args], env))) failed.push(name);
  }
  console.log(`\n${Object.keys(runs).length - failed.length} passed, ${failed.length} failed`);
  if (failed.length) throw new Error(`failed: ${failed.join(', ')}`);
});
