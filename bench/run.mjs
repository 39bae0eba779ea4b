// `npm run bench`: runs every suite in `bench/suites`, side by side with the JavaScript that a user would write. Builds what is
// missing, prints a table for each group, and writes charts and `bench/RESULTS.md`.
// `npm run bench -- extract query` runs only these suites; `--json FILE` also writes the rows; `--quick` runs a few rounds to see
// that everything works, and writes neither charts nor results, because its numbers are meaningless.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { checkMachine, installPackages, main } from '../scripts/lib/bootstrap.mjs';
import { root } from '../scripts/lib/paths.mjs';

const folder = join(root, 'bench');

await main(async () => {
  const known = readdirSync(join(folder, 'suites'))
    .map((file) => file.replace(/\.mjs$/, ''))
    .sort();
  const { values: options, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'string' }, quick: { type: 'boolean', default: false } },
  });
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`expected suites of ${known.join(', ')}, but found ${unknown.join(', ')}`);
  checkMachine();
  await installPackages();
  const { buildSteps, packStep, runSteps } = await import('../scripts/lib/steps.mjs');
  await runSteps([...buildSteps, packStep], {});
  const { ensureServices } = await import('../scripts/lib/services.mjs');
  const { goals, machine, tables, withSection } = await import('./lib/report.mjs');
  const { chart } = await import('./lib/chart.mjs');

  const suites = [];
  for (const name of positionals.length > 0 ? positionals : known) {
    const { title, run, services = [] } = await import(pathToFileURL(join(folder, 'suites', `${name}.mjs`)).href);
    console.log(`\n## ${title}\n`);
    const [load] = os.loadavg();
    // Progress goes to stderr, so that only the tables are piped.
    const log = (text) => console.error(`${name}: ${text}`);
    const stopServices = await ensureServices(services);
    const rows = await run({ log, quick: options.quick }).finally(stopServices);
    const suite = { name, title, load, rows };
    suites.push(suite);
    console.log(await tables(rows));
    if (options.quick) continue;
    const picture = chart(suite);
    if (picture) {
      mkdirSync(join(folder, 'charts'), { recursive: true });
      writeFileSync(join(folder, 'charts', `${name}.svg`), picture);
    }
    const results = join(folder, 'RESULTS.md');
    const text = await withSection(readFileSync(results, 'utf8'), { ...suite, chart: picture !== undefined });
    writeFileSync(results, text);
  }
  if (options.json) {
    const json = {
      machine: machine(),
      suites: suites.map(({ name, title, load, rows }) => ({ name, title, load, rows })),
    };
    writeFileSync(options.json, `${JSON.stringify(json, null, 2)}\n`);
  }
  const { met, all } = goals(suites.flatMap(({ rows }) => rows));
  console.log(`${met} of ${all} goals are met${options.quick ? ' (meaningless in a quick run)' : ''}`);
});
