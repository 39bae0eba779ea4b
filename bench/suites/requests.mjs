/**
 * Asynchronous requests to a running NocoBase, compared with a plugin that calls `plugin.trigger` from a resource action (both
 * in one app; `bench/lib/rival.cjs`), on PostgreSQL and SQLite.
 */
import {
  CONNECTIONS,
  DIALECTS,
  allEnded,
  assertSame,
  compared,
  createSides,
  fire,
  interleave,
  startAfresh,
  warmUp,
  withApp,
} from '../lib/apps.mjs';
import { median } from '../lib/measure.mjs';

export const title = 'Whole requests, asynchronous';
export const services = ['postgres'];

const GOALS = { postgres: { 16: 2.5, 128: 4 }, sqlite: { 16: 2, 128: 2.5 } };
const EVENTS = 2000;

export async function run({ log, quick = false }) {
  const seconds = quick ? 2 : 5;
  const rounds = quick ? 1 : 3;
  const rows = [];
  for (const dialect of Object.keys(DIALECTS)) {
    const options = { log, dialect, seconds, rounds };
    await withApp({ dialect }, async (app) => {
      const sides = await createSides(app);
      await assertSame(app, sides);
      for (const connections of CONNECTIONS)
        rows.push(...(await asynchronous({ ...options, app, sides, connections })));
    });
    rows.push(await withApp({ dialect }, (app) => toTheEnd({ ...options, app })));
  }
  return rows;
}

/** Measures both sides in turn, each round in a fresh process without pending executions. */
async function asynchronous({ log, dialect, app, sides, connections, seconds, rounds }) {
  const results = { ours: [], theirs: [] };
  await interleave(rounds, async (side, round) => {
    log(`asynchronous, ${DIALECTS[dialect]}, ${connections} connections: round ${round + 1} of ${rounds}, ${side}`);
    await startAfresh(app);
    await warmUp(app);
    const { answers } = await fire(sides[side].url, { connections, amount: 300 });
    await allEnded(app, sides[side], answers);
    results[side].push(await fire(sides[side].url, { connections, seconds }));
  });
  const rate = GOALS[dialect][connections];
  return compared(`Asynchronous, ${DIALECTS[dialect]}`, connections, results, { rate, p99: rate && 1 });
}

/** Measures the time from the first of 2,000 events to the end of the last execution. */
async function toTheEnd({ log, app, dialect, rounds }) {
  const took = { ours: [], theirs: [] };
  // Created before there is any load: on SQLite, NocoBase's own requests fail while the engine is busy.
  const workflows = [];
  for (let round = 0; round < rounds; round += 1) workflows.push(await createSides(app));
  await warmUp(app);
  await interleave(rounds, async (side, round) => {
    log(`${EVENTS} events to the end, ${DIALECTS[dialect]}: round ${round + 1} of ${rounds}, ${side}`);
    const workflow = workflows[round][side];
    const start = Date.now();
    const { answers } = await fire(workflow.url, { connections: 16, amount: EVENTS });
    took[side].push((await allEnded(app, workflow, answers)) - start);
  });
  const [ours, theirs] = [median(took.ours), median(took.theirs)];
  return {
    group: 'From the first of 2,000 events to the end of the last execution',
    case: DIALECTS[dialect],
    metric: 'time',
    unit: 'ms',
    ours,
    theirs,
    ratio: theirs / ours,
    goal: 1,
  };
}
