// `npm run instructions`: how many instructions the core takes for fixed work, counted by valgrind's callgrind and compared
// with `bench/instructions.json`. A count that grew by more than 3 % fails; times can't be compared like this, since machines
// and their neighbours differ, but counts can. `npm run instructions -- --update` writes the counts as they are.
//
// The counts hold for one compiler, one target and processors with AVX2 (valgrind does what the processor can, but for SHA-NI).
// What the C library does is left out, as it differs by its version and the processor; allocations are counted instead. So is
// SHA-256, which would be most of a signed request without SHA-NI.
import { spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkMachine, main } from '../scripts/lib/bootstrap.mjs';
import { root, workDir } from '../scripts/lib/paths.mjs';
import { run } from '../scripts/lib/run.mjs';
import { KINDS } from './lib/bodies.mjs';

/** By how much a count may grow. */
const TOLERANCE = 0.03;

const figuresFile = join(root, 'bench', 'instructions.json');
const folder = join(workDir, 'instructions');

const SECRET = 'a secret of the bench';
const repeat = (count, make) => Array.from({ length: count }, (_, index) => make(index));

/** The work, by name; see `crates/webhook-core/examples/instructions.rs`. */
function cases() {
  const signed = (body) => ['x-hub-signature-256', `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`];
  const variables = (paths) => paths.map((key, index) => ({ key, _var: `body_$${index}` }));
  const typed = (type) => ['content-type', type];
  const bodies = ['GitHub push', 'order list'].flatMap((kind) =>
    Object.entries({ '0.3 KB': 300, '2 KB': 2000, '20 KB': 20_000 }).map(([size, bytes]) => {
      const { make, paths } = KINDS[kind];
      return { name: `${kind}, ${size}`, body: make(bytes), paths: paths.slice(0, 10) };
    }),
  );
  const judged = ({ body, paths }, more) => ({
    config: { authentication: [{ preset: 'github', secrets: [SECRET] }], request: { body: variables(paths) } },
    headers: [...typed('application/json'), ...signed(body)],
    body,
    ...more,
  });
  const [small] = bodies;
  const item = (index) => `<item id="${index}"><sku>A-${index}</sku><price>9.50</price></item>`;
  const xml = `<order xmlns="urn:x"><id>7</id>${repeat(40, item).join('')}</order>`;
  const form = repeat(40, (index) => `items[${index}][sku]=A-${index}&items[${index}][name]=Bread%20%26%20butter`).join(
    '&',
  );
  return [
    ...bodies.map(({ name, body, paths }) => ({ name: `extract 10 paths: ${name}`, paths, body })),
    ...bodies.map((body) => ({ ...judged(body), name: `judge with signature: ${body.name}` })),
    judged(small, { name: 'query of 20 parameters', query: form.split('&', 20).join('&') }),
    judged(small, { name: 'refused: the body was changed', body: small.body.replace('main', 'mine'), refused: true }),
    {
      name: 'refused: malformed JSON',
      config: {},
      headers: typed('application/json'),
      body: '{"a":1,}',
      refused: true,
    },
    {
      name: 'XML of 40 elements',
      config: { request: { body: variables(['order.id', 'order.item[].sku']) } },
      headers: typed('application/xml'),
      body: xml,
    },
    {
      name: 'form of 80 fields',
      config: { request: { body: variables(['items[0].sku', 'items[].name']) } },
      headers: typed('application/x-www-form-urlencoded'),
      body: form,
    },
  ];
}

/** Instructions of the program itself and its allocations, out of what callgrind wrote. */
function read(text) {
  let object = '';
  let name = '';
  let callee = '';
  let isCall = false;
  const counts = { instructions: 0, allocations: 0 };
  for (const line of text.split('\n')) {
    const [, key, value] = line.match(/^(ob|fn|cfn|calls)=(.*)$/) ?? [];
    if (key === 'ob') object = value;
    else if (key === 'fn') name = value;
    else if (key === 'cfn') callee = value;
    else if (key === 'calls') {
      isCall = true;
      if (/^(malloc|calloc|realloc|posix_memalign|aligned_alloc)\b/.test(callee))
        counts.allocations += Number.parseInt(value);
    } else if (/^[\d+*-]/.test(line)) {
      // The line behind a call has the costs of the callee, which stand where that is.
      const isOwn = !isCall && object.endsWith('/instructions') && !name.startsWith('sha2::');
      if (isOwn) counts.instructions += Number(line.split(' ')[1]);
      isCall = false;
    }
  }
  return counts;
}

/** Installs valgrind where that is possible. */
function ensureValgrind() {
  const isThere = () => spawnSync('valgrind', ['--version'], { stdio: 'ignore' }).status === 0;
  if (isThere()) return;
  console.error('Installing valgrind (apt-get) ...');
  const apt = (...args) => spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  apt('update');
  apt('install', '-y', 'valgrind');
  if (!isThere()) throw new Error('valgrind is missing and could not be installed; install it and run this again.');
}

async function count() {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const work = cases();
  writeFileSync(join(folder, 'work.json'), JSON.stringify(work));
  // As the addon is built, but with the names of functions, by which callgrind begins and ends. In a folder of its own, so that
  // neither build throws the other's away.
  const target = join(root, 'target', 'instructions');
  const build = ['build', '--release', '--locked', '--package', 'webhook-core', '--example', 'instructions'];
  await run('cargo', [...build, '--config', 'profile.release.strip=false', '--target-dir', target]);
  const callgrind = [
    '--tool=callgrind',
    '--dump-before=instructions::measured',
    '--dump-after=instructions::measured',
    '--compress-strings=no',
    '--compress-pos=no',
    `--callgrind-out-file=${join(folder, 'out')}`,
  ];
  await run('valgrind', [...callgrind, join(target, 'release/examples/instructions'), join(folder, 'work.json')]);
  const dumps = readdirSync(folder).filter((file) => /^out\.\d+$/.test(file));
  if (dumps.length < 2 * work.length) throw new Error(`expected ${work.length} counts, but found ${dumps.length / 2}`);
  // One dump for what came before each piece of work, and one for the work.
  return Object.fromEntries(
    work.map(({ name }, index) => [name, read(readFileSync(join(folder, `out.${2 * index + 2}`), 'utf8'))]),
  );
}

await main(async () => {
  const { values: options } = parseArgs({ options: { update: { type: 'boolean', default: false } } });
  checkMachine();
  const version = await run('rustc', ['-vV']);
  const field = (name) => version.match(new RegExp(`^${name}: (.*)$`, 'm'))[1];
  const held = { rustc: field('release'), target: field('host') };
  if (!held.target.endsWith('linux-gnu'))
    throw new Error(`callgrind counts on Linux with glibc only, not on ${held.target}`);
  if (!/\bavx2\b/.test(readFileSync('/proc/cpuinfo', 'utf8'))) {
    throw new Error('the counts hold for processors with AVX2, which this one has not: they can not be compared');
  }
  const known = existsSync(figuresFile) ? JSON.parse(readFileSync(figuresFile, 'utf8')) : { counts: {} };
  if (!options.update && (known.rustc !== held.rustc || known.target !== held.target)) {
    throw new Error(
      `The counts are those of rustc ${known.rustc} for ${known.target}, and this is rustc ${held.rustc} for ${held.target}: ` +
        'they can not be compared.\nCount with that compiler, or renew them for this one, on the commit before your change, ' +
        'with "npm run instructions -- --update".',
    );
  }
  ensureValgrind();
  const counts = await count();
  const grown = [];
  for (const [name, now] of Object.entries(counts)) {
    const before = known.counts[name];
    const change = (key) => (before ? `${(100 * (now[key] / before[key] - 1)).toFixed(1)} %` : 'new').padStart(8);
    console.log(
      `${name.padEnd(42)} ${String(now.instructions).padStart(9)} instructions ${change('instructions')}` +
        ` ${String(now.allocations).padStart(5)} allocations ${change('allocations')}`,
    );
    const isMore = (key) => !before || now[key] > before[key] * (1 + TOLERANCE);
    if (isMore('instructions') || isMore('allocations')) grown.push(name);
  }
  if (options.update) {
    writeFileSync(figuresFile, `${JSON.stringify({ ...held, counts }, null, 2)}\n`);
    return;
  }
  const gone = Object.keys(known.counts).filter((name) => !(name in counts));
  if (grown.length + gone.length > 0) {
    throw new Error(
      `More than ${100 * TOLERANCE} % above bench/instructions.json: ${[...grown, ...gone.map((name) => `${name} (gone)`)].join('; ')}.\n` +
        'Mend it, or renew the counts with "npm run instructions -- --update" and say in the commit what they buy.',
    );
  }
});
