/**
 * Whole requests through a running NocoBase, beside a plugin that calls `plugin.trigger` from a resource action (both in
 * one app; `bench/lib/rival.cjs`), on PostgreSQL and SQLite.
 */
import { createWorkflow } from '../../scripts/lib/workflows.mjs';
import { allEnded, assertSame, BODY, createSides, fire, median, withApp } from '../lib/apps.mjs';

export const title = 'Whole requests';
export const services = ['postgres'];

const DIALECTS = { postgres: 'PostgreSQL', sqlite: 'SQLite' };
const CONNECTIONS = [1, 16, 128];
const GOALS = { async: { postgres: { 16: 2.5, 128: 4 }, sqlite: { 16: 2, 128: 2.5 } }, sync: 1.2, refusals: 3 };
const EVENTS = 2000;

export async function run({ log, quick = false }) {
  const seconds = quick ? 2 : 6;
  const rounds = quick ? 1 : 3;
  const rows = [];
  for (const dialect of Object.keys(DIALECTS)) {
    const options = { log, dialect, seconds, rounds };
    for (const connections of CONNECTIONS) rows.push(...(await asynchronous({ ...options, connections })));
    rows.push(...(await withApp({ dialect }, (app) => synchronous({ ...options, app }))));
    rows.push(...(await withApp({ dialect }, (app) => refusals({ ...options, app }))));
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
          // Warm, and nothing left to run of it.
          const { answers } = await fire(sides[side].url, { connections, amount: 500 });
          await allEnded(app, sides[side], answers);
          return fire(sides[side].url, { connections, seconds });
        }),
      );
    }
  }
  return compared(`Asynchronous, ${DIALECTS[dialect]}`, connections, results, GOALS.async[dialect][connections]);
}

/** Synchronous calls: both sides in turn, in one app. */
async function synchronous({ log, app, dialect, seconds, rounds }) {
  const sides = await createSides(app, { sync: true });
  await assertSame(app, sides);
  const rows = [];
  for (const connections of CONNECTIONS) {
    const results = { ours: [], theirs: [] };
    await interleave(rounds, async (side, round) => {
      log(`synchronous, ${DIALECTS[dialect]}, ${connections} connections: round ${round + 1} of ${rounds}, ${side}`);
      results[side].push(await fire(sides[side].url, { connections, seconds }));
    });
    rows.push(...compared(`Synchronous, ${DIALECTS[dialect]}`, connections, results, GOALS.sync));
  }
  return rows;
}

/** From the first of 2,000 events to the end of the last execution. */
async function toTheEnd({ log, app, dialect, rounds }) {
  const took = { ours: [], theirs: [] };
  // All of them before there is any load: on SQLite NocoBase's own calls fail beside the engine.
  const workflows = [];
  for (let round = 0; round < rounds; round += 1) workflows.push(await createSides(app));
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

/** Refusals beside a public action of NocoBase that does nothing. */
async function refusals({ log, app, dialect, seconds, rounds }) {
  const locked = await createWorkflow(app, {
    title: 'locked',
    config: { basicAuthentication: { username: 'user', password: 'password' }, request: { bodyLimit: 1024 } },
  });
  const noop = `${app.apiUrl}handmade:noop`;
  const rows = [];
  for (const [expected, url, body] of [
    [404, `${app.apiUrl}webhook:trigger/nothing`, BODY],
    [401, locked.url, BODY],
    [413, locked.url, 'x'.repeat(2048)],
  ]) {
    const results = { ours: [], theirs: [] };
    await interleave(rounds, async (side, round) => {
      log(`${expected} beside a no-op action, ${DIALECTS[dialect]}: round ${round + 1} of ${rounds}, ${side}`);
      const load = { connections: 16, seconds: seconds / 2, body };
      results[side].push(
        side === 'ours' ? await fire(url, { ...load, expected }) : await fire(noop, { ...load, expected: 200 }),
      );
    });
    rows.push(...compared(`Refusals, ${DIALECTS[dialect]}`, String(expected), results, GOALS.refusals));
  }
  return rows;
}

async function interleave(rounds, body) {
  for (let round = 0; round < rounds; round += 1) {
    for (const side of round % 2 ? ['theirs', 'ours'] : ['ours', 'theirs']) await body(side, round);
  }
}

function compared(group, name, { ours, theirs }, goal) {
  const of = (results, key) => median(results.map((result) => result[key]));
  const label = typeof name === 'number' ? `${name} connection${name === 1 ? '' : 's'}` : name;
  const rates = { ours: of(ours, 'rate'), theirs: of(theirs, 'rate') };
  const latency = { ours: of(ours, 'p99'), theirs: of(theirs, 'p99') };
  const failed = (results) => results.reduce((sum, { others }) => sum + others, 0);
  const notes = [
    ['ours', ours],
    ['theirs', theirs],
  ].flatMap(([side, results]) => (failed(results) ? [`${side}: ${failed(results)} other answers`] : []));
  return [
    {
      group,
      case: label,
      metric: 'requests',
      unit: '/s',
      ...rates,
      ratio: rates.ours / rates.theirs,
      goal,
      note: notes.join('; ') || undefined,
    },
    {
      group,
      case: label,
      metric: 'latency p99',
      unit: 'ms',
      ...latency,
      ratio: latency.theirs / latency.ours,
      goal: group.startsWith('Asynchronous') && typeof name === 'number' && name > 1 ? 1 : undefined,
    },
  ];
}
