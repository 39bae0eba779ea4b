import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Delivery } from '../../src/common/delivery';
import { type App, bootApp } from '../support/app';
import { waitFor } from '../support/wait';
import { call, createWorkflow, ended, executions, memberToken, settled } from './support';

let app: App;
beforeAll(async () => {
  app = await bootApp();
});
afterAll(() => app.remove());

async function list(workflowId: string | number, more = ''): Promise<Delivery[]> {
  const { deliveries } = await app.api<{ deliveries: Delivery[] }>(
    'GET',
    `webhookDeliveries:list?workflowId=${workflowId}&limit=100${more}`,
  );
  return deliveries;
}

const asRoot = async () => ({ authorization: `Bearer ${await app.login()}` });

const token = { scheme: { kind: 'token', from: { header: 'x-token' } }, secrets: ['s3cret-token'] };

describe('a delivery', () => {
  it('of an accepted request has the id of its execution and of $context.request', async () => {
    const { id, key } = await createWorkflow(app);
    expect((await call(app, key, { body: { a: 1 } })).status).toBe(200);
    const [execution] = await ended(app, key);
    await waitFor('the duration', async () => (await list(id))[0]?.durationMs !== undefined);
    const found = await list(id);
    expect(found).toEqual([
      {
        id: String(execution.id),
        workflowId: String(id),
        workflowKey: key,
        receivedAt: execution.request.receivedAt,
        result: 'accepted',
        method: 'POST',
        path: '',
        ip: expect.stringMatching(/^(::ffff:)?127\.0\.0\.1$|^::1$/) as string,
        contentType: 'application/json',
        size: 7,
        status: 200,
        durationMs: expect.any(Number) as number,
        executionId: String(execution.id),
        executionStatus: 1,
      },
    ]);
    expect(execution.request.id).toBe(String(execution.id));
  });

  it('of a synchronous request has the status that its workflow responded with', async () => {
    const nodes = [{ type: 'response', config: { statusCode: 418, body: 'short and stout' } }];
    const { id, key } = await createWorkflow(app, { sync: true, nodes });
    expect((await call(app, key, { body: {} })).status).toBe(418);
    await waitFor('the status', async () => (await list(id))[0]?.status !== undefined);
    expect(await list(id)).toMatchObject([{ result: 'accepted', status: 418, executionStatus: 1 }]);
  });

  it('of a rejected request has the code, and its details the checks', async () => {
    const { id, key } = await createWorkflow(app, { config: { authentication: [token] } });
    expect((await call(app, key, { body: {}, headers: { 'x-token': 'wrong' } })).status).toBe(401);
    const [rejected] = await list(id);
    expect(rejected).toMatchObject({ result: 'rejected', status: 401, code: 'UNAUTHORIZED', size: 2 });
    expect(rejected).not.toHaveProperty('executionId');
    await waitFor('the checks', async () => {
      const { checks } = await app.api<{ checks?: unknown[] }>('GET', `webhookDeliveries:get/${rejected.id}`);
      return JSON.stringify(checks ?? []).includes('"failed"');
    });
    expect(JSON.stringify(await list(id))).not.toContain('s3cret-token');
  });

  it('of a duplicate leads to the execution of the first', async () => {
    const { id, key } = await createWorkflow(app, { config: { idempotency: { source: 'body', key: 'id' } } });
    for (const status of [200, 200]) {
      expect((await call(app, key, { body: { id: 'once' } })).status).toBe(status);
    }
    const [execution] = await ended(app, key);
    const found = await list(id);
    expect(found.map(({ result }) => result)).toEqual(['duplicate', 'accepted']);
    expect(found.map(({ executionId }) => executionId)).toEqual([String(execution.id), String(execution.id)]);
  });

  it('of a URL verification has no execution', async () => {
    const config = {
      authentication: [{ preset: 'slack', secrets: ['0123456789abcdef0123456789abcdef'] }],
      handshake: { kind: 'meta', verifyTokens: ['v'] },
    };
    const { id, key } = await createWorkflow(app, { config });
    const query = '?hub.mode=subscribe&hub.verify_token=v&hub.challenge=42';
    const response = await call(app, key, { method: 'GET', query });
    expect([response.status, await response.text()]).toEqual([200, '42']);
    expect(await list(id)).toMatchObject([{ result: 'verification', status: 200, method: 'GET' }]);
    expect(await executions(app, key)).toEqual([]);
  });

  it('says what was accepted though it is written wrongly', async () => {
    const { id, key } = await createWorkflow(app, { config: { request: { body: [{ key: 'a' }] } } });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await call(app, key, { body: '{"a":1}', headers })).status).toBe(200);
    await ended(app, key);
    expect((await list(id))[0].leniency).toMatch(/JSON/);
  });

  it('keeps the status of an execution that is deleted', async () => {
    const { id, key } = await createWorkflow(app);
    await call(app, key, { body: {} });
    const [execution] = await ended(app, key);
    await app.api('POST', `executions:destroy?filterByTk=${execution.id}`);
    expect(await executions(app, key)).toEqual([]);
    expect(await list(id)).toMatchObject([{ executionId: String(execution.id), executionStatus: 1 }]);
  });

  it('keeps the status of an execution that its workflow deletes as it ends', async () => {
    const { id, key } = await createWorkflow(app, { options: { deleteExecutionOnStatus: [1] } });
    await call(app, key, { body: {} });
    await waitFor('the execution to end', async () => (await list(id))[0]?.executionStatus === 1);
    await waitFor('the execution to be deleted', async () => (await executions(app, key)).length === 0);
    expect(await list(id)).toMatchObject([{ executionStatus: 1 }]);
  });
});

it('records at most ten rejections a second of a webhook, and how many more there were', async () => {
  const { id, key } = await createWorkflow(app, { config: { authentication: [token] } });
  const began = Date.now();
  await Promise.all(Array.from({ length: 200 }, () => call(app, key, { body: {} })));
  const seconds = Math.ceil((Date.now() - began) / 1000) + 1;
  const total = (found: Delivery[]) => found.reduce((sum, { more = 0 }) => sum + 1 + more, 0);
  await waitFor('all to be counted', async () => total(await list(id)) === 200);
  const found = await list(id);
  // Of the second code that occurs, the first one has a row of its own.
  expect(found.length).toBeLessThanOrEqual(11 * seconds);
  expect(new Set(found.map(({ code }) => code))).toEqual(new Set(['UNAUTHORIZED', 'TOO_MANY_FAILURES']));
});

it('lists by result, code and status, page by page', async () => {
  const { id, key } = await createWorkflow(app, { config: { authentication: [token] } });
  const headers = { 'x-token': 's3cret-token' };
  for (const n of [1, 2, 3]) {
    await call(app, key, { body: { n }, headers });
    await call(app, key, { body: { n } });
  }
  await ended(app, key, 3);
  expect(await list(id)).toHaveLength(6);
  expect((await list(id, '&result=accepted')).map(({ status }) => status)).toEqual([200, 200, 200]);
  expect((await list(id, '&status=401')).map(({ result }) => result)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(await list(id, '&code=NO_SUCH_CODE')).toEqual([]);
  const pages: string[] = [];
  let before: string | null = '';
  while (before !== null) {
    const page: { deliveries: Delivery[]; next: string | null } = await app.api(
      'GET',
      `webhookDeliveries:list?workflowId=${id}&limit=4${before && `&before=${before}`}`,
    );
    pages.push(...page.deliveries.map((delivery) => delivery.id));
    before = page.next;
  }
  expect(pages).toEqual((await list(id)).map((delivery) => delivery.id));
});

it.each([
  ['limit=0', 400],
  ['limit=101', 400],
  ['result=anything', 400],
  ['before=x', 400],
  ['workflowId=x', 400],
  ['workflowId=999999999', 404],
])('responds to a list by %s with %i', async (query, status) => {
  const response = await app.fetch(`webhookDeliveries:list?${query}`, { headers: await asRoot() });
  expect(response.status).toBe(status);
});

it('lets nobody see deliveries who may not', async () => {
  const { id, key } = await createWorkflow(app);
  await call(app, key, { body: {} });
  await ended(app, key);
  const [{ id: delivery }] = await list(id);
  const headers = { authorization: `Bearer ${await memberToken(app)}` };
  for (const action of [`list?workflowId=${id}`, `get/${delivery}`, 'list?workflowId=999999999']) {
    const response = await app.fetch(`webhookDeliveries:${action}`, { headers });
    expect([action, response.status]).toEqual([action, 403]);
    expect((await app.fetch(`webhookDeliveries:${action}`)).status).toBe(401);
  }
});

it.each([
  'create',
  'update',
  'destroy',
  'updateOrCreate',
  'firstOrCreate',
  'set',
  'add',
  'remove',
  'toggle',
  'move',
  'query',
  'export',
  'importXlsx',
])('has no action %s, not even for root', async (action) => {
  await settled(app);
  const response = await app.fetch(`webhookDeliveries:${action}?filterByTk=1`, {
    method: 'POST',
    headers: { ...(await asRoot()), 'content-type': 'application/json' },
    body: '{"workflowKey":"forged"}',
  });
  expect(response.status).toBe(404);
});
