/** What the benches of a running NocoBase share: apps with both sides in them, workflows, load. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import { bootApp } from '../../scripts/lib/nocobase.mjs';
import { createWorkflow } from '../../scripts/lib/workflows.mjs';

const rival = join(import.meta.dirname, 'rival.cjs');

/** The databases that whole requests are measured on. */
export const DIALECTS = { postgres: 'PostgreSQL', sqlite: 'SQLite' };

/** How many whole requests are under way at a time. */
export const CONNECTIONS = [1, 16, 128];

/** Boots an app that has our plugin and the rival. */
export function bootBoth({ env = {}, preload = [], ...options } = {}) {
  return bootApp({
    ...options,
    env: {
      // At NocoBase's own level a refusal writes a line more than an answer of 200: what would be compared is logging.
      LOGGER_LEVEL: 'error',
      ...env,
      NODE_OPTIONS: [`--expose-gc`, ...[rival, ...preload].map((file) => `--require ${file}`)].join(' '),
    },
  });
}

/** Boots an app, hands it to `use` and removes it. */
export async function withApp(options, use) {
  const app = await bootBoth(options);
  try {
    return await use(app);
  } finally {
    // What the engine has not run yet is of no interest any more.
    await app.kill9();
    await app.remove();
  }
}

/** Starts an app anew, as a fresh process that has nothing left to run. */
export async function startAfresh(app) {
  await app.kill9();
  await app.start();
  await app.api('POST', 'benchProbe:clear');
}

/** A workflow without nodes for each side, by the same definition. */
export async function createSides(app, definition = {}) {
  const ours = await createWorkflow(app, { title: 'ours', type: 'webhook', ...definition });
  const theirs = await createWorkflow(app, { title: 'theirs', type: 'handmade', ...definition });
  return { ours, theirs: { ...theirs, url: `${app.apiUrl}handmade:trigger/${theirs.key}` } };
}

/**
 * Load on one URL.
 *
 * @param {object} load
 * @param {number} load.connections how many requests are under way
 * @param {number} [load.seconds] for how long; or
 * @param {number} [load.amount] how many requests
 * @param {number} [load.expected] the status of every answer
 * @param {(request: object) => object} [load.vary] what is different in the next request, such as its path
 * @returns {Promise<{ rate: number, p99: number, answers: number, others: number }>} answers with the expected status a
 *   second, the latency's 99th percentile in ms, how many answers had that status, and how many had another or never came
 */
export async function fire(url, { connections, seconds, amount, expected = 200, headers = {}, body = BODY, vary }) {
  const requests = vary ? [{ setupRequest: (request) => ({ ...request, ...vary(request) }) }] : undefined;
  const result = await autocannon({
    url,
    connections,
    ...(amount ? { amount } : { duration: seconds }),
    // As fine as it can: a run of a few seconds is no multiple of a second.
    sampleInt: 100,
    timeout: 60,
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
    requests,
  });
  const answers = result.statusCodeStats?.[expected]?.count ?? 0;
  const all = Object.values(result.statusCodeStats ?? {}).reduce((sum, { count }) => sum + count, 0);
  const took = (new Date(result.finish) - new Date(result.start)) / 1000;
  return { rate: answers / took, p99: result.latency.p99, answers, others: all - answers + result.errors };
}

/** A small event, 0.3 KB of a GitHub push. */
export const BODY = JSON.stringify({
  ref: 'refs/heads/main',
  before: '6113728f27ae82c7b1a177c8d03f9e96e0adf246',
  after: '0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c',
  repository: { id: 186853002, name: 'hello', full_name: 'octocat/hello', private: false },
  pusher: { name: 'octocat', email: 'octocat@example.com' },
});

/** Rows of the trigger's form for these paths, named as the form names them. */
export const rowsOf = (paths) => paths.map((key, index) => ({ key, _var: `v_${index}` }));

export const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

/** What the app's process has to say since `benchProbe:start`. */
export const probe = {
  start: (app) => app.api('POST', 'benchProbe:start'),
  read: (app) => app.api('POST', 'benchProbe:read'),
};

/** Waits until as many executions of a workflow have ended; returns when the last one did, in ms since 1970. */
export async function allEnded(app, { id }, count) {
  for (;;) {
    const { ended, last } = await app.api('POST', 'benchProbe:progress', { workflowId: id });
    if (ended >= count) return last;
    await sleep(500);
  }
}

/** That both sides answer the same to one event, and make the same context of it. */
export async function assertSame(app, sides, body = BODY) {
  const contexts = [];
  for (const { url, id } of [sides.ours, sides.theirs]) {
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    assert.equal(response.status, 200);
    assert.equal(await response.text(), '');
    await allEnded(app, { id }, 1);
    const [execution] = await app.api('GET', `executions:list?filter={"workflowId":"${id}"}&fields=context`);
    contexts.push(execution.context);
  }
  assert.deepEqual(contexts[0], contexts[1]);
}

/** Both sides in turn, beginning with the other one each time. */
export async function interleave(rounds, body) {
  for (let round = 0; round < rounds; round += 1) {
    for (const side of round % 2 ? ['theirs', 'ours'] : ['ours', 'theirs']) await body(side, round);
  }
}

/**
 * Has NocoBase's own layers compiled, which both sides go through: a fresh process is several times as slow for its first
 * seconds.
 */
export async function warmUp(app) {
  await fire(`${app.apiUrl}webhook:trigger/nothing`, { connections: 16, seconds: 4, expected: 404 });
  await fire(`${app.apiUrl}handmade:noop`, { connections: 16, seconds: 4 });
}

/**
 * The rows of two sides' loads: medians of requests a second and of the latency's 99th percentile.
 *
 * @param {number | string} name how many connections, or another name of the case
 * @param {{ rate?: number, p99?: number }} goals the ratios to reach
 */
export function compared(group, name, { ours, theirs }, goals) {
  const of = (results, key) => median(results.map((result) => result[key]));
  const label = typeof name === 'number' ? `${name} connection${name === 1 ? '' : 's'}` : name;
  const rates = { ours: of(ours, 'rate'), theirs: of(theirs, 'rate') };
  const latency = { ours: of(ours, 'p99'), theirs: of(theirs, 'p99') };
  const failed = (side, results) => {
    const others = results.reduce((sum, result) => sum + result.others, 0);
    return others > 0 ? [`${side}: ${others} other answers`] : [];
  };
  // A side that answered nothing can't be divided by, and has no latency.
  const silent = Object.keys(rates).filter((side) => rates[side] === 0);
  const times = (more, less) => (silent.length > 0 ? undefined : more / less);
  const notes = [...failed('ours', ours), ...failed('theirs', theirs), ...silent.map((side) => `${side}: no answer`)];
  const note = notes.join('; ') || undefined;
  const common = { group, case: label };
  const rate = { ratio: times(rates.ours, rates.theirs), goal: rates.theirs > 0 ? goals.rate : undefined, note };
  return [
    { ...common, metric: 'requests', unit: '/s', ...rates, ...rate },
    {
      ...common,
      metric: 'latency p99',
      unit: 'ms',
      ...latency,
      ratio: times(latency.theirs, latency.ours),
      goal: goals.p99,
    },
  ];
}
