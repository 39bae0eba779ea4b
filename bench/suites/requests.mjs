/**
 * Whole requests through a running NocoBase, beside a plugin that calls `plugin.trigger` from a resource action (both in
 * one app; `bench/lib/rival.cjs`), on PostgreSQL and SQLite.
 */
import {
  allEnded,
  assertSame,
  compared,
  createSides,
  fire,
  interleave,
  median,
  warmUp,
  withApp,
} from '../lib/apps.mjs';

export const title = 'Whole requests';
export const services = ['postgres'];

const DIALECTS = { postgres: 'PostgreSQL', sqlite: 'SQLite' };
const CONNECTIONS = [1, 16, 128];
const GOALS = { async: { postgres: { 16: 2.5, 128: 4 }, sqlite: { 16: 2, 128: 2.5 } }, sync: 1.2 };
const EVENTS = 2000;

export async function run({ log, quick = false }) {
  const seconds = quick ? 2 : 6;
  const rounds = quick ? 1 : 3;
  const rows = [];
  for (const dialect of Object.keys(DIALECTS)) {
    const options = { log, dialect, seconds, rounds };
    for (const connections of CONNECTIONS) rows.push(...(await asynchronous({ ...options, connections })));
    rows.push(...(await withApp({ dialect }, (app) => synchronous({ ...options, app }))));
    rows.push(await withApp({ dialect }, (app) => toTheEnd({ ...options, app })));
  }
  return rows;
}

/** Both sides in turn, each round in an app of its own: the executions that a round leaves would run in the next. */
async function asynchronous({ log, dialect, connections, seconds, rounds }) {
  const results = { ours: [], theirs: [] };
  for (let round = 0; round < rounds; round += 1) {
    for (const side of round % 2 ? ['theirs', 'ours'] : ['ours', 'theirs']) {
      log(`asynchronous, ${DIALECTS[dialect]}, ${connections} connections: round ${round + 1} of ${rounds}, ${side}`);
      results[side].push(
        await withApp({ dialect }, async (app) => {
          const sides = await createSides(app);
          await assertSame(app, sides);
          await warmUp(app);
          // Nothing of it is left to run.
          const { answers } = await fire(sides[side].url, { connections, amount: 500 });
          await allEnded(app, sides[side], answers);
          return fire(sides[side].url, { connections, seconds });
        }),
      );
    }
  }
  const rate = GOALS.async[dialect][connections];
  return compared(`Asynchronous, ${DIALECTS[dialect]}`, connections, results, { rate, p99: rate && 1 });
}

/** Synchronous calls: both sides in turn, in one app. */
async function synchronous({ log, app, dialect, seconds, rounds }) {
  const sides = await createSides(app, { sync: true });
  await assertSame(app, sides);
  await warmUp(app);
  const rows = [];
  for (const connections of CONNECTIONS) {
    const results = { ours: [], theirs: [] };
    await interleave(rounds, async (side, round) => {
      log(`synchronous, ${DIALECTS[dialect]}, ${connections} connections: round ${round + 1} of ${rounds}, ${side}`);
      results[side].push(await fire(sides[side].url, { connections, seconds }));
    });
    rows.push(...compared(`Synchronous, ${DIALECTS[dialect]}`, connections, results, { rate: GOALS.sync }));
  }
  return rows;
}

/** From the first of 2,000 events to the end of the last execution. */
async function toTheEnd({ log, app, dialect, rounds }) {
  const took = { ours: [], theirs: [] };
  // All of them before there is any load: on SQLite NocoBase's own calls fail beside the engine.
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
