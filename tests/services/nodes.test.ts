import { randomBytes } from 'node:crypto';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { servicePort } from '../../scripts/lib/services.mjs';
import { addVersion, ended, executionsOf, send, slow } from '../crash/support';
import { type App, bootApp, createWorkflow, type CreatedWorkflow, setEnabled } from '../support/app';
import { waitFor } from '../support/wait';

const id = randomBytes(4).toString('hex');
const redis = `redis://127.0.0.1:${servicePort('redis')}`;

const env = {
  NODE_OPTIONS: `--require ${join(import.meta.dirname, 'redis.cjs')}`,
  REDIS_URL: redis,
  TEST_REDIS_PREFIX: `webhook-test-${id}:`,
  LOCK_ADAPTER_DEFAULT: 'redis',
  CACHE_DEFAULT_STORE: 'redis',
  CACHE_REDIS_URL: redis,
};

/** Boots the nodes on one database: the first only accepts requests, the second executes workflows too. */
async function bootNodes(): Promise<[App, App]> {
  const requests = await bootApp({ name: `requests-${id}`, dialect: 'postgres', env: { ...env, WORKER_MODE: '!' } });
  // A separate folder, and the first one's database.
  const other = await bootApp({ name: `worker-${id}`, dialect: 'postgres' });
  await other.stop();
  copyFileSync(join(requests.dir, 'database.json'), join(other.dir, 'database.json'));
  const worker = await bootApp({
    name: `worker-${id}`,
    dialect: 'postgres',
    fresh: false,
    env: { ...env, WORKER_MODE: '!,workflow:process' },
  });
  return [requests, worker];
}

describe('two nodes on one PostgreSQL with Redis', () => {
  let requests: App;
  let worker: App;
  beforeAll(async () => {
    [requests, worker] = await bootNodes();
  }, 400_000);
  afterAll(async () => {
    await worker.stop();
    await requests.remove();
    await worker.remove();
  });

  const on = (app: App, { key }: CreatedWorkflow) => `${app.apiUrl}webhook:trigger/${key}`;
  const answers = (app: App, workflow: CreatedWorkflow, status: number) =>
    waitFor(`${status}`, async () => (await fetch(on(app, workflow), { method: 'POST' })).status === status);

  it('serve a webhook that either enabled, and neither after either disabled it', async () => {
    const workflow = await createWorkflow(requests, { title: 'everywhere' });
    await answers(worker, workflow, 200);
    await setEnabled(worker, workflow.id, false);
    await answers(requests, workflow, 404);
    await answers(worker, workflow, 404);
  });

  it('execute on one node events that the other accepted', async () => {
    const workflow = await createWorkflow(requests, { title: 'taken and run' });
    const load = await send([workflow], { connections: 8, events: 100 }, () => false);
    expect(load.others).toEqual({});
    await ended(requests, [workflow]);
    const executions = await executionsOf(requests, [workflow]);
    expect(executions.map(({ status }) => status)).toEqual(Array.from({ length: 100 }, () => 1));
  });

  it('store all events that both accept in the same second, even if both generate the same ids', async () => {
    const workflow = await createWorkflow(requests, { title: 'same ids' });
    await answers(worker, workflow, 200);
    const before = (await executionsOf(requests, [workflow])).length;
    const loads = await Promise.all(
      [requests, worker].map((node) =>
        send([{ ...workflow, url: on(node, workflow) }], { connections: 8, events: 300 }, () => false),
      ),
    );
    expect(loads.map(({ others }) => others)).toEqual([{}, {}]);
    expect((await executionsOf(requests, [workflow])).length).toBe(before + 600);
    for (const node of [requests, worker]) {
      expect(node.logs()).toContain('allocate worker id: 7');
    }
  });

  it('start one execution for an idempotency key that both get at the same time', async () => {
    const workflow = await createWorkflow(requests, {
      title: 'once',
      config: { idempotency: { source: 'header', key: 'x-event-id' } },
    });
    await answers(worker, workflow, 200);
    const before = (await executionsOf(requests, [workflow])).length;
    const responses = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        fetch(on(index % 2 ? worker : requests, workflow), { method: 'POST', headers: { 'x-event-id': 'same' } }),
      ),
    );
    expect(responses.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(responses.filter(({ headers }) => headers.get('idempotent-replayed') === null).length).toBe(1);
    expect((await executionsOf(requests, [workflow])).length).toBe(before + 1);
  });

  it('share a rate limit', async () => {
    const config = { rateLimit: { requests: 10, seconds: 600 } };
    const workflow = await createWorkflow(requests, { title: 'limited', config });
    await waitFor('the other node to know it', async () => {
      const { status } = await fetch(on(worker, workflow), { method: 'PUT' });
      return status === 405;
    });
    const statuses = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const { status } = await fetch(on(index % 2 ? worker : requests, workflow), { method: 'POST' });
        return status;
      }),
    );
    expect(statuses.filter((status) => status === 200)).toHaveLength(10);
    expect(statuses.filter((status) => status === 429)).toHaveLength(30);
  });

  it('show the rejections of either node', async () => {
    const workflow = await createWorkflow(requests, {
      title: 'rejected',
      config: { authentication: [{ preset: 'gitlab-token', secrets: ['s'] }] },
    });
    expect((await fetch(on(requests, workflow), { method: 'POST' })).status).toBe(401);
    const rejections = await waitFor('the rejection', async () => {
      const answer = await worker.api<{ rejections: { status: number }[] }>('POST', 'webhook:rejections', {
        workflowId: workflow.id,
      });
      return answer.rejections.length > 0 && answer.rejections;
    });
    expect(rejections).toMatchObject([{ status: 401, code: 'UNAUTHORIZED' }]);
  });

  it('answer every request while versions are activated on either', async () => {
    const workflow = await createWorkflow(requests, { title: 'versions' });
    await answers(worker, workflow, 200);
    let over = false;
    const sending = [requests, worker].map(async (node) => {
      const statuses = new Map<number, number>();
      while (!over) {
        const { status } = await fetch(on(node, workflow), { method: 'POST' });
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        await sleep(5);
      }
      return statuses;
    });
    const versions = [workflow.id];
    for (let count = 0; count < 4; count += 1) {
      const node = count % 2 ? worker : requests;
      versions.push(await addVersion(node, workflow, {}));
      await setEnabled(node, versions[versions.length - 1], true);
    }
    for (let count = 0; count < 10; count += 1) {
      await setEnabled(count % 2 ? worker : requests, versions[count % versions.length], true);
    }
    // NocoBase delays its messages to other nodes for a second.
    await sleep(3000);
    over = true;
    for (const statuses of await Promise.all(sending)) {
      expect([...statuses.keys()]).toEqual([200]);
      expect(statuses.get(200)).toBeGreaterThan(50);
    }
    await ended(requests, [workflow]);
  });

  it('serve a webhook on one node before it is notified that the other enabled it again', async () => {
    const workflow = await createWorkflow(requests, { title: 'again' });
    await answers(worker, workflow, 200);
    await setEnabled(requests, workflow.id, false);
    await answers(worker, workflow, 404);
    await setEnabled(requests, workflow.id, true);
    expect((await fetch(on(worker, workflow), { method: 'POST' })).status).toBe(200);
  });

  it('leave an execution running on one node when the other starts', async () => {
    const workflow = await createWorkflow(requests, { title: 'alive', sync: true, nodes: [slow('postgres', 25)] });
    const call = fetch(workflow.url, { method: 'POST' });
    await waitFor('the run to begin', async () => (await executionsOf(requests, [workflow]))[0]?.status === 0);
    await worker.restart();
    expect((await call).status).toBe(200);
    await sleep(3000);
    const [execution] = await executionsOf(requests, [workflow]);
    expect(execution.status).toBe(1);
    expect(worker.logs()).not.toContain(`execution (${execution.id}) was cut off`);
  });

  it('execute again what a killed node was executing, once it is back', async () => {
    const workflow = await createWorkflow(requests, { title: 'killed', nodes: [slow('postgres', 3)] });
    expect((await fetch(workflow.url, { method: 'POST' })).status).toBe(200);
    await waitFor('the run to begin', async () => (await executionsOf(requests, [workflow]))[0]?.status === 0);
    await worker.kill9();
    await worker.start();
    // The engine's lock on the execution outlives its node by a minute; another look follows then.
    await ended(requests, [workflow], 150_000);
    expect((await executionsOf(requests, [workflow])).map(({ status }) => status)).toEqual([1]);
  }, 240_000);
});
