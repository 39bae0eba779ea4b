// `npm run fuzz`: runs every target of `fuzz` for 30 seconds, with the address sanitizer and at low priority.
// `npm run fuzz -- --seconds 600 json xml` runs only these targets, for longer.
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkMachine, main } from './lib/bootstrap.mjs';
import { ensureCargoFuzz, low, unstable } from './lib/nightly.mjs';
import { root, workDir } from './lib/paths.mjs';

await main(async () => {
  checkMachine();
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seconds: { type: 'string', default: '30' } },
  });
  const known = readdirSync(join(root, 'fuzz/fuzz_targets')).map((file) => file.replace(/\.rs$/, ''));
  const targets = positionals.length ? positionals : known;
  for (const target of targets) {
    if (!known.includes(target)) throw new Error(`expected one of ${known.join(', ')}, but found ${target}`);
  }
  await ensureCargoFuzz();
  const failed = [];
  for (const target of targets) {
    console.log(`\n== ${target}`);
    // The corpus grows from run to run and isn't committed. The committed seeds are few and written by hand.
    const found = join(workDir, 'corpus', target);
    mkdirSync(found, { recursive: true });
    const limits = [`-max_total_time=${values.seconds}`, '-timeout=10', '-rss_limit_mb=4096', '-print_final_stats=1'];
    const folders = [found, join(root, 'fuzz/corpus', target)];
    if (!(await low('cargo', ['fuzz', 'run', target, ...folders, '--', ...limits], unstable))) failed.push(target);
  }
  console.log();
  for (const target of failed) console.log(`FAILED: ${target} (the input is in fuzz/artifacts)`);
  console.log(`${targets.length - failed.length} passed, ${failed.length} failed`);
  process.exitCode = failed.length === 0 ? 0 : 1;
});
