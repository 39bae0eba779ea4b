// `npm run instructions`: counts the instructions of the core for fixed work with valgrind's callgrind, and compares them with
// `bench/instructions.json`. Fails if a count grew by more than 3 %. Unlike times, counts don't depend on the load of a machine.
// `npm run instructions -- --update` writes the current counts.
//
// The counts are valid for one compiler, one target and processors with AVX2 (valgrind supports everything except SHA-NI).
// They exclude the C library, which depends on its version and the processor; allocations are counted instead. They also
// exclude SHA-256, which would dominate signed requests without SHA-NI.
import { createHmac } from 'node:crypto';
import { parseArgs } from 'node:util';
import { checkMachine, main } from '../scripts/lib/bootstrap.mjs';
import { KINDS } from './lib/bodies.mjs';
import { committed, count, machine } from './lib/callgrind.mjs';

/** The accepted growth of a count. */
const TOLERANCE = 0.03;

const SECRET = 'a secret of the bench';
/** Headers of a request besides its type and signature. */
const HEADERS = [
  ['host', 'example.com'],
  ['accept', '*/*'],
  ['user-agent', 'GitHub-Hookshot/044aadd'],
  ['x-github-event', 'push'],
  ['x-github-delivery', '72d3162e-cc78-11e3-81ab-4c9367dc0958'],
  ['content-length', '300'],
].flat();
const repeat = (count, make) => Array.from({ length: count }, (_, index) => make(index));

/** Returns the work; see `crates/webhook-core/examples/instructions.rs`. */
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
  const judged = ({ body, paths }, { keep = 'listed', headers = [], ...more }) => ({
    config: { authentication: [{ preset: 'github', secrets: [SECRET] }], request: { keep, body: variables(paths) } },
    headers: [...headers, ...typed('application/json'), ...signed(body)],
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
    ...bodies.map((body) => judged(body, { name: `judge with signature: ${body.name}` })),
    // `null` keeps all, as in a workflow of the commercial plugin.
    ...bodies.map((body) => judged(body, { name: `judge and keep all: ${body.name}`, keep: null, headers: HEADERS })),
    judged(small, { name: 'query of 20 parameters', query: form.split('&', 20).join('&') }),
    judged(small, { name: 'rejected: the body was changed', body: small.body.replace('main', 'mine'), rejected: true }),
    {
      name: 'rejected: malformed JSON',
      config: { request: { keep: 'listed' } },
      headers: typed('application/json'),
      body: '{"a":1,}',
      rejected: true,
    },
    {
      name: 'XML of 40 elements',
      config: { request: { keep: 'listed', body: variables(['order.id', 'order.item[].sku']) } },
      headers: typed('application/xml'),
      body: xml,
    },
    {
      name: 'form of 80 fields',
      config: { request: { keep: 'listed', body: variables(['items[0].sku', 'items[].name']) } },
      headers: typed('application/x-www-form-urlencoded'),
      body: form,
    },
  ];
}

await main(async () => {
  const { values: options } = parseArgs({ options: { update: { type: 'boolean', default: false } } });
  checkMachine();
  const held = await machine();
  const { known, write } = committed('instructions.json', held, { ...options, command: 'instructions' });
  const isOwn = (file, name) => file === 'instructions' && !name.startsWith('sha2::');
  const counts = await count('instructions', cases(), isOwn);
  const grown = [];
  for (const [name, now] of Object.entries(counts)) {
    const before = known.counts?.[name];
    const change = (key) => (before ? `${(100 * (now[key] / before[key] - 1)).toFixed(1)} %` : 'new').padStart(8);
    console.log(
      `${name.padEnd(42)} ${String(now.instructions).padStart(9)} instructions ${change('instructions')}` +
        ` ${String(now.allocations).padStart(5)} allocations ${change('allocations')}`,
    );
    const isMore = (key) => !before || now[key] > before[key] * (1 + TOLERANCE);
    if (isMore('instructions') || isMore('allocations')) grown.push(name);
  }
  if (options.update) {
    write({ counts });
    return;
  }
  const gone = Object.keys(known.counts).filter((name) => !(name in counts));
  if (grown.length + gone.length > 0) {
    throw new Error(
      `More than ${100 * TOLERANCE} % above bench/instructions.json: ${[...grown, ...gone.map((name) => `${name} (gone)`)].join('; ')}.\n` +
        'Reduce them, or update the counts with "npm run instructions -- --update" and explain the growth in the commit.',
    );
  }
});
