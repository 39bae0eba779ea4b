import { createHmac } from 'node:crypto';
import { request } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type App, bootApp } from '../support/app';
import { call, createWorkflow, ended, sendRaw } from './support';

let app: App;
beforeAll(async () => {
  app = await bootApp({});
});
afterAll(() => app.stop());

it('accepts the configured methods, path parameters and XML', async () => {
  const { key } = await createWorkflow(app, {
    config: {
      request: { methods: ['PUT', 'GET'], params: [{ key: 'shop' }], body: [{ key: 'xml.id' }], rawBody: true },
    },
  });
  const body = '<xml><id>7</id></xml>';
  const headers = { 'content-type': 'text/xml' };
  expect((await call(app, `${key}/a%20b`, { method: 'PUT', headers, body })).status).toBe(200);
  const [{ context }] = await ended(app, key);
  expect(context).toMatchObject({
    headers: { 'content-type': 'text/xml' },
    query: {},
    body: { xml: { id: '7' } },
    params: { shop: 'a b' },
    rawBody: body,
  });
  expect((await call(app, `${key}/a`, { method: 'GET' })).status).toBe(200);
  expect((await call(app, `${key}/a`, { method: 'POST' })).headers.get('allow')).toBe('PUT, GET');
  expect((await call(app, key, { method: 'PUT' })).status).toBe(404);
  expect((await call(app, `${key}/a/b`, { method: 'PUT' })).status).toBe(404);
});

it('accepts only requests that are signed with a secret from the variables and secrets', async () => {
  await app.api('POST', 'environmentVariables:create', { name: 'SIGNING', type: 'secret', value: 's3cret' });
  const { key } = await createWorkflow(app, {
    config: { authentication: [{ preset: 'github', secrets: ['{{$env.SIGNING}}'] }] },
  });
  const body = '{"zen":"Anything added dilutes everything else."}';
  const send = (secret: string, sent = body) =>
    call(app, key, {
      headers: {
        'content-type': 'application/json',
        'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
      },
      body: sent,
    });
  expect((await send('s3cret')).status).toBe(200);
  expect((await send('s3cret', `${body} `)).status).toBe(401);
  const rejected = await send('wrong');
  expect([rejected.status, rejected.headers.get('www-authenticate')]).toEqual([401, 'Signature realm="webhook"']);
  expect((await call(app, key, { body: {} })).status).toBe(401);
  expect(await ended(app, key)).toHaveLength(1);
});

it('accepts many large bodies at the same time, each with its own bytes, whatever happened to earlier ones', async () => {
  const { key, url } = await createWorkflow(app, {
    config: {
      authentication: [{ preset: 'github', secrets: ['s'] }],
      request: { body: [{ key: 'first' }, { key: 'last' }] },
    },
  });
  const send = (first: number, bytes: number) => {
    const last = first * 7;
    const body = `{"first":${first},"filling":"${String.fromCharCode(97 + (first % 26)).repeat(bytes)}","last":${last}}`;
    const signature = createHmac('sha256', 's').update(body).digest('hex');
    return call(app, key, {
      headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` },
      body,
    });
  };
  const breakOff = (bytes: number) =>
    new Promise((resolve) => {
      const sent = request(url, { method: 'POST', headers: { 'content-length': 2 * bytes } });
      sent.on('error', resolve);
      sent.write('x'.repeat(bytes), () => sent.destroy(new Error('broken off')));
    });
  for (let round = 0; round < 3; round += 1) {
    const answers = await Promise.all(
      Array.from({ length: 16 }, async (_, index) => {
        if (index % 4 === 0) {
          await breakOff(100_000 + index * 50_000);
        }
        return (await send(round * 16 + index + 1, 70_000 + ((index * 5) % 16) * 120_000)).status;
      }),
    );
    expect(answers).toEqual(Array.from({ length: 16 }, () => 200));
  }
  const bodies = (await ended(app, key, 48)).map(({ context }) => context.body as { first: number; last: number });
  expect(bodies.map(({ first }) => first).sort((a, b) => a - b)).toEqual(Array.from({ length: 48 }, (_, i) => i + 1));
  expect(bodies.every(({ first, last }) => last === first * 7)).toBe(true);
});

it("rejects a body over the webhook's own limit", async () => {
  const { key } = await createWorkflow(app, { config: { request: { bodyLimit: 10 } } });
  expect((await call(app, key, { body: { a: 'x'.repeat(10) } })).status).toBe(413);
  expect((await call(app, key, { body: {} })).status).toBe(200);
});

it('rejects a request without the right credentials before its body arrives', async () => {
  const basicAuthentication = { username: 'user', password: 'password' };
  const { key } = await createWorkflow(app, { config: { basicAuthentication } });
  const head = `POST /api/webhook:trigger/${key} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 1000\r\n\r\n`;
  expect(await sendRaw(app, [head])).toMatch(/^HTTP\/1\.1 401 /);
});

it("accepts only addresses on the IP allowlist, whatever the sender's headers say", async () => {
  const create = (addresses: object) => createWorkflow(app, { config: { addresses } });
  const here = await create({ allow: ['127.0.0.0/8'] });
  const elsewhere = await create({ allow: ['203.0.113.7'] });
  const behindProxy = await create({ allow: ['203.0.113.7'], proxies: 1 });
  const status = async ({ key }: { key: string }, forwarded?: string) =>
    (await call(app, key, { headers: forwarded ? { 'x-forwarded-for': forwarded } : {}, body: {} })).status;
  expect(await status(here)).toBe(200);
  expect(await status(elsewhere, '203.0.113.7')).toBe(403);
  expect(await status(behindProxy, '198.51.100.1, 203.0.113.7')).toBe(200);
  expect(await status(behindProxy, '203.0.113.7, 198.51.100.1')).toBe(403);
});
