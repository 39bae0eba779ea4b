// How much a webhook accepts: events up to its rate limit, and bodies up to NocoBase's own limit.
import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, bootApp } from '../support/app';
import { call, createWorkflow, ended, executions } from './support';

let app: App;
beforeAll(async () => {
  // Not a size: NocoBase starts with it, and so does the plugin.
  app = await bootApp({ env: { REQUEST_BODY_LIMIT: 'lots' } });
});
afterAll(() => app.remove());

describe('a webhook with a rate limit', () => {
  it('accepts its number of events, then responds with 429 until the period is over', async () => {
    const { id, key } = await createWorkflow(app, { config: { rateLimit: { requests: 3, seconds: 5 } } });
    for (let count = 0; count < 3; count += 1) {
      expect((await call(app, key, { body: { count } })).status).toBe(200);
    }
    const rejected = await call(app, key, { body: {} });
    expect(rejected.status).toBe(429);
    expect(await rejected.json()).toEqual({ errors: [{ code: 'RATE_LIMITED', message: expect.any(String) }] });
    const wait = Number(rejected.headers.get('retry-after'));
    expect(wait).toBeGreaterThanOrEqual(1);
    expect(wait).toBeLessThanOrEqual(5);
    // The request isn't read then.
    expect((await call(app, key, { method: 'PUT', body: '{' })).status).toBe(429);
    expect((await ended(app, key, 3)).map(({ context }) => context.body)).toEqual([
      { count: 0 },
      { count: 1 },
      { count: 2 },
    ]);
    const { rejections } = await app.api<{ rejections: object[] }>('POST', 'webhook:rejections', { workflowId: id });
    expect(rejections.at(-1)).toMatchObject({ status: 429, code: 'RATE_LIMITED', checks: [] });
    await sleep(wait * 1000);
    expect((await call(app, key, { body: {} })).status).toBe(200);
  });

  it('accepts exactly its number of concurrent events', async () => {
    const { key } = await createWorkflow(app, { config: { rateLimit: { requests: 5, seconds: 600 } } });
    const statuses = await Promise.all(
      Array.from({ length: 40 }, async () => (await call(app, key, { body: {} })).status),
    );
    expect(statuses.filter((status) => status === 200)).toHaveLength(5);
    expect(statuses.filter((status) => status === 429)).toHaveLength(35);
    expect(await ended(app, key, 5)).toHaveLength(5);
  });

  it("doesn't count rejected requests and URL verifications", async () => {
    const { key } = await createWorkflow(app, {
      config: {
        rateLimit: { requests: 1, seconds: 600 },
        authentication: [{ preset: 'meta', secrets: ['s'] }],
        handshake: { kind: 'meta', verifyTokens: ['t'] },
      },
    });
    const event = (secret: string, body = '{}') =>
      call(app, key, {
        headers: {
          'content-type': 'application/json',
          'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
        },
        body,
      });
    const ask = () =>
      call(app, key, { method: 'GET', query: '?hub.mode=subscribe&hub.verify_token=t&hub.challenge=1' });
    for (let count = 0; count < 5; count += 1) {
      expect((await event('wrong')).status).toBe(401);
      expect((await event('s', '{')).status).toBe(400);
      expect((await ask()).status).toBe(200);
    }
    expect((await event('s')).status).toBe(200);
    expect((await event('s')).status).toBe(429);
    expect((await event('wrong')).status).toBe(429);
    expect((await ask()).status).toBe(429);
    expect(await ended(app, key)).toHaveLength(1);
  });

  it('counts duplicates too, and each webhook by itself', async () => {
    const config = { rateLimit: { requests: 2, seconds: 600 }, idempotency: { source: 'header', key: 'x-id' } };
    const { key } = await createWorkflow(app, { config });
    const other = await createWorkflow(app, { config });
    const status = async (to: string) => (await call(app, to, { headers: { 'x-id': 'a' }, body: {} })).status;
    expect([await status(key), await status(key), await status(key)]).toEqual([200, 200, 429]);
    expect(await status(other.key)).toBe(200);
    expect(await ended(app, key)).toHaveLength(1);
  });

  it('applies to synchronous requests', async () => {
    const { key } = await createWorkflow(app, { sync: true, config: { rateLimit: { requests: 1, seconds: 600 } } });
    expect((await call(app, key, { body: {} })).status).toBe(200);
    expect((await call(app, key, { body: {} })).status).toBe(429);
    expect(await executions(app, key)).toHaveLength(1);
  });

  it("rejects saving a limit that isn't a number", async () => {
    for (const rateLimit of [true, 5, {}, { requests: 0, seconds: 1 }, { requests: 1, seconds: 86_401 }]) {
      await expect(createWorkflow(app, { config: { rateLimit } }), JSON.stringify(rateLimit)).rejects.toThrow(
        /rateLimit/,
      );
    }
  });
});

it("logs a REQUEST_BODY_LIMIT that isn't a size, and applies NocoBase's default", async () => {
  const line = app
    .logs()
    .split('\n')
    .filter((text) => text.includes('REQUEST_BODY_LIMIT: expected a size such as "10mb", but found "lots"'));
  expect(line).toHaveLength(1);
  const { key } = await createWorkflow(app);
  const headers = { 'content-type': 'text/plain' };
  const status = async (bytes: number) => (await call(app, key, { headers, body: Buffer.alloc(bytes, 'x') })).status;
  expect(await status(10 * 1024 * 1024)).toBe(200);
  expect(await status(10 * 1024 * 1024 + 1)).toBe(413);
});
