// `npm run deny`: checks the dependencies of the addon and of the fuzz targets with cargo-deny and the rules of `deny.toml`:
// licences, bans and sources, and advisories if their database can be fetched.
import { checkMachine, main } from './lib/bootstrap.mjs';
import { ensureCargoDeny, low } from './lib/nightly.mjs';
import { run } from './lib/run.mjs';

const DATABASE = 'https://github.com/rustsec/advisory-db';

/** Whether the advisory database can be fetched. */
const hasAdvisories = () =>
  run('git', ['-c', 'http.lowSpeedLimit=1', '-c', 'http.lowSpeedTime=20', 'ls-remote', DATABASE, 'HEAD']).then(
    () => true,
    () => false,
  );

await main(async () => {
  checkMachine();
  await ensureCargoDeny();
  const checks = ['licenses', 'bans', 'sources'];
  if (await hasAdvisories()) checks.unshift('advisories');
  else console.log(`advisories: not checked, because ${DATABASE} is unreachable`);
  const failed = [];
  for (const manifest of ['Cargo.toml', 'fuzz/Cargo.toml']) {
    console.log(`\n== ${manifest}: ${checks.join(', ')}`);
    const args = ['deny', '--locked', '--manifest-path', manifest, '--config', 'deny.toml', 'check', ...checks];
    if (!(await low('cargo', args))) failed.push(manifest);
  }
  if (failed.length) throw new Error(`failed: ${failed.join(', ')}`);
});
