/** Shared by the suites that measure a running NocoBase: apps with both sides, workflows, load. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import { bootApp } from '../../scripts/lib/nocobase.mjs';
import { createWorkflow } from '../../scripts/lib/workflows.mjs';
import { median } from './measure.mjs';

const rival = join(import.meta.dirname, 'rival.cjs');

/** The databases that whole requests are measured on. */
export const DIALECTS = { postgres: 'PostgreSQL', sqlite: 'SQLite' };

/** The numbers of concurrent requests. */
export const CONNECTIONS = [1, 16, 128];

/** Boots an app that has our plugin and the rival. */
export function bootBoth({ env = {}, preload = [], ...options } = {}) {
  return bootApp({
    ...options,
    env: {
      // At NocoBase's default level a rejection logs one line more than a 200, which would compare logging.
      LOGGER_LEVEL: 'error',
      ...env,
      NODE_OPTIONS: [`--expose-gc`, ...[rival, ...preload].map((file) => `--require ${file}`)].join(' '),
    },
  });
}

/** Boots an app, passes it to `use` and removes it. */
export async function withApp(options, use) {
  const app = await bootBoth(options);
  try {
    return await use(app);
  } finally {
    // Pending executions don't matter any more.
    await app.kill9();
    await app.remove();
  }
}

/** Restarts an app, as a fresh process without pending executions. */
export async function startAfresh(app) {
  await app.kill9();
  await app.start();
  await app.api('POST', 'benchProbe:clear');
}

/** Creates a workflow without nodes for each side, from the same definition. */
export async function createSides(app, definition = {}) {
  // The other side keeps what is listed, as version 0.1.0 did.
  const config = { ...definition.config, request: { keep: 'listed', ...definition.config?.request } };
  const ours = await createWorkflow(app, { title: 'ours', type: 'webhook', ...definition, config });
  const theirs = await createWorkflow(app, { title: 'theirs', type: 'handmade', ...definition });
  return { ours, theirs: { ...theirs, url: `${app.apiUrl}handmade:trigger/${theirs.key}` } };
}

/**
 * Sends load to a URL.
 *
 * @param {object} load
 * @param {number} load.connections the number of concurrent requests
 * @param {number} [load.seconds] the duration; or
 * @param {number} [load.amount] the number of requests
 * @param {number} [load.expected] the expected status
 * @param {(request: object) => object} [load.vary] returns what differs in the next request, such as its path
 * @returns {Promise<{ rate: number, p99: number, answers: number, others: number }>} responses with the expected status per
 *   second, the 99th percentile of the latency in ms, the number of responses with that status, and the number of responses
 *   with another status or missing
 */
export async function fire(url, { connections, seconds, amount, expected = 200, headers = {}, body = BODY, vary }) {
  const requests = vary ? [{ setupRequest: (request) => ({ ...request, ...vary(request) }) }] : undefined;
  const result = await autocannon({
    url,
    connections,
    ...(amount ? { amount } : { duration: seconds }),
    // As fine as possible: a run of a few seconds isn't a multiple of a second.
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

/** Returns rows of the trigger's form for these paths, with names like those of the form. */
export const rowsOf = (paths) => paths.map((key, index) => ({ key, _var: `v_${index}` }));

/** The measurements of the app's process since `benchProbe:start`. */
export const probe = {
  start: (app) => app.api('POST', 'benchProbe:start'),
  read: (app) => app.api('POST', 'benchProbe:read'),
};

/** Waits until `count` executions of a workflow have ended. Returns when the last one did, in ms since 1970. */
export async function allEnded(app, { id }, count) {
  for (;;) {
    const { ended, last } = await app.api('POST', 'benchProbe:progress', { workflowId: id });
    if (ended >= count) return last;
    await sleep(500);
  }
}

/** Asserts that both sides return the same response to an event and create the same context. */
export async function assertSame(app, sides, body = BODY) {
  const contexts = [];
  for (const { url, id } of [sides.ours, sides.theirs]) {
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    assert.equal(response.status, 200);
    assert.equal(await response.text(), '');
    await allEnded(app, { id }, 1);
    const [execution] = await app.api('GET', `executions:list?filter={"workflowId":"${id}"}&fields=context`);
    delete execution.context.request;
    contexts.push(execution.context);
  }
  assert.deepEqual(contexts[0], contexts[1]);
}

/** Runs both sides in turn, starting with the other one each time. */
export async function interleave(rounds, body) {
  for (let round = 0; round < rounds; round += 1) {
    for (const side of round % 2 ? ['theirs', 'ours'] : ['ours', 'theirs']) await body(side, round);
  }
}

/**
 * Warms up NocoBase's own layers, which both sides use: a fresh process is several times slower for its first seconds.
 */
export async function warmUp(app) {
  await fire(`${app.apiUrl}webhook:trigger/nothing`, { connections: 16, seconds: 4, expected: 404 });
  await fire(`${app.apiUrl}handmade:noop`, { connections: 16, seconds: 4 });
}

/**
 * Returns the rows for the loads of both sides: medians of requests per second and of the 99th percentile of the latency.
 *
 * @param {number | string} name the number of connections, or the name of the case
 * @param {{ rate?: number, p99?: number }} goals the least ratios
 */
export function compared(group, name, { ours, theirs }, goals) {
  const of = (results, key) => median(results.map((result) => result[key]));
  const label = typeof name === 'number' ? `${name} connection${name === 1 ? '' : 's'}` : name;
  const rates = { ours: of(ours, 'rate'), theirs: of(theirs, 'rate') };
  const latency = { ours: of(ours, 'p99'), theirs: of(theirs, 'p99') };
  const failed = (side, results) => {
    const others = results.reduce((sum, result) => sum + result.others, 0);
    return others > 0 ? [`${side}: ${others} other responses`] : [];
  };
  // A side without responses can't be divided by, and has no latency.
  const silent = Object.keys(rates).filter((side) => rates[side] === 0);
  const times = (more, less) => (silent.length > 0 ? undefined : more / less);
  const notes = [...failed('ours', ours), ...failed('theirs', theirs), ...silent.map((side) => `${side}: no response`)];
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
