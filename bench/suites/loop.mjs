/**
 * Large bodies in a running NocoBase, compared with the same hand-written action as in `requests`: requests per second, the
 * event-loop delay that affects everything else in the process, and peak memory.
 */
import { assertSame, createSides, fire, probe, rowsOf, withApp } from '../lib/apps.mjs';
import { median } from '../lib/measure.mjs';
import { KINDS, SIZES } from '../lib/bodies.mjs';

export const title = 'Large bodies in a running NocoBase';
export const services = ['postgres'];

const KIND = 'GitHub push';
const IN_FLIGHT = 8;
const MB = 2 ** 20;

export async function run({ log, quick = false }) {
  const rows = [];
  const rounds = quick ? 1 : 3;
  const { make, paths } = KINDS[KIND];
  // Variables of ten paths: both sides store little, so that the measurement is about reading.
  const config = { request: { body: rowsOf(paths.slice(0, 10)) } };
  for (const size of ['2 MB', '10 MB']) {
    const body = make(SIZES[size] - (size === '10 MB' ? 64 * 1024 : 0));
    const results = { ours: [], theirs: [] };
    await withApp({ dialect: 'postgres', env: { REQUEST_BODY_LIMIT: '20mb' } }, async (app) => {
      const sides = await createSides(app, { config });
      await assertSame(app, sides, body);
      for (let round = 0; round < rounds; round += 1) {
        for (const side of round % 2 ? ['theirs', 'ours'] : ['ours', 'theirs']) {
          log(`${IN_FLIGHT} bodies of ${size} in flight: round ${round + 1} of ${rounds}, ${side}`);
          const load = { connections: IN_FLIGHT, body };
          await fire(sides[side].url, { ...load, amount: 2 * IN_FLIGHT });
          await probe.start(app);
          const { rate } = await fire(sides[side].url, { ...load, seconds: quick ? 3 : 8 });
          const { p99 } = await probe.read(app);
          results[side].push({ rate, p99 });
        }
      }
    });
    const of = (side, key) => median(results[side].map((result) => result[key]));
    const group = `Large bodies in a running NocoBase, ${IN_FLIGHT} in flight`;
    const [rates, delays] = ['rate', 'p99'].map((key) => ({ ours: of('ours', key), theirs: of('theirs', key) }));
    rows.push(
      { group, case: size, metric: 'requests', unit: '/s', ...rates, ratio: rates.ours / rates.theirs, goal: 5 },
      {
        group,
        case: size,
        metric: 'event-loop delay p99',
        unit: 'ms',
        ...delays,
        ratio: delays.theirs / delays.ours,
        goal: 10,
        goalIsAtMost: true,
      },
    );
  }
  rows.push(...(await memory({ log, config, rounds, body: make(SIZES['10 MB'] - 64 * 1024) })));
  return rows;
}

/** How much one body raises the peak memory of the process, in multiples of the body. Measured in fresh processes. */
async function memory({ log, config, rounds, body }) {
  const results = { ours: [], theirs: [] };
  for (let round = 0; round < rounds; round += 1) {
    for (const side of ['ours', 'theirs']) {
      log(`memory of one 10 MB body: round ${round + 1} of ${rounds}, ${side}`);
      results[side].push(
        await withApp({ dialect: 'postgres', env: { REQUEST_BODY_LIMIT: '20mb' } }, async (app) => {
          const sides = await createSides(app, { config });
          // What is made once, compiled code included, is there before.
          await fire(sides[side].url, { connections: 1, amount: 20 });
          await probe.start(app);
          await fire(sides[side].url, { connections: 1, amount: 1, body });
          const { startRss, peakRss } = await probe.read(app);
          return (peakRss - startRss) / body.length;
        }),
      );
    }
  }
  const [ours, theirs] = [median(results.ours), median(results.theirs)];
  const group = `Peak memory of one body of ${Math.round(body.length / MB)} MB`;
  return [
    {
      group,
      case: '10 paths',
      metric: 'growth of the resident memory',
      unit: '× the body',
      ours,
      theirs,
      ratio: theirs / ours,
      goal: 2.5,
      goalIsAtMost: true,
    },
  ];
}
