// An address that keeps failing to authenticate is rejected by a webhook for a while.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type App, bootApp } from '../support/app';
import { logged, nextSecond } from '../support/wait';
import { call, createWorkflow, ended, executions, sendRaw } from './support';

let app: App;
beforeAll(async () => {
  app = await bootApp();
});
afterAll(() => app.remove());

const basicAuthentication = { username: 'user', password: 'password' };
const credentials = (password: string) => ({
  authorization: `Basic ${Buffer.from(`user:${password}`).toString('base64')}`,
});
const right = { headers: credentials('password'), body: {} };
const wrong = { headers: credentials('wrong'), body: {} };
const token = { authentication: [{ scheme: { kind: 'token', from: { header: 'x-token' } }, secrets: ['secret'] }] };

async function statuses(count: number, request: () => Promise<Response>): Promise<number[]> {
  const found = [];
  for (let index = 0; index < count; index += 1) {
    found.push((await request()).status);
  }
  return found;
}

it('rejects with 429 before any check after more than 20 failed authentications a minute from one address', async () => {
  const { key } = await createWorkflow(app, { config: { basicAuthentication } });
  const other = await createWorkflow(app, { config: { basicAuthentication } });
  expect(await statuses(20, () => call(app, key, wrong))).toEqual(Array(20).fill(401));
  expect((await call(app, key, right)).status).toBe(200);
  expect((await call(app, key, wrong)).status).toBe(401);

  await nextSecond();
  const rejected = await call(app, key, right);
  expect(rejected.status).toBe(429);
  expect(await rejected.json()).toEqual({ errors: [{ code: 'TOO_MANY_FAILURES', message: expect.any(String) }] });
  const wait = Number(rejected.headers.get('retry-after'));
  expect(wait).toBeGreaterThanOrEqual(1);
  expect(wait).toBeLessThanOrEqual(60);
  // Not even the method is checked, and no other webhook is affected.
  expect((await call(app, key, { method: 'PUT', body: '{' })).status).toBe(429);
  expect((await call(app, other.key, right)).status).toBe(200);
  // Claiming another address doesn't help.
  const forged = { ...right, headers: { ...right.headers, 'x-forwarded-for': '203.0.113.9' } };
  expect((await call(app, key, forged)).status).toBe(429);
  await logged(app, 'webhook request rejected: 429 TOO_MANY_FAILURES');
  expect(await ended(app, key)).toHaveLength(1);
});

it('counts only failed authentications', async () => {
  const { key } = await createWorkflow(app, { config: { ...token, request: { bodyLimit: 10 } } });
  const headers = { 'x-token': 'secret', 'content-type': 'application/json' };
  for (const [status, path, options] of [
    [405, '', { method: 'PUT', body: {} }],
    [404, '/no/such/path', { body: {} }],
    [413, '', { body: { a: 'longer than ten' } }],
    [400, '', { headers, body: '{' }],
    [415, '', { headers: { ...headers, 'content-type': 'image/png' }, body: 'x' }],
    [200, '', { headers, body: {} }],
  ] as const) {
    expect(await statuses(22, () => call(app, `${key}${path}`, options))).toEqual(Array(22).fill(status));
  }
});

it('counts concurrent requests, and those whose body arrives late', async () => {
  const { key } = await createWorkflow(app, { config: token });
  const head = ['POST', `/api/webhook:trigger/${key}`, 'HTTP/1.1'].join(' ');
  const headers = ['Host: localhost', 'Content-Length: 2', 'X-Token: secret', 'Connection: close'];
  const slow = sendRaw(app, [[head, ...headers, '', ''].join('\r\n'), '{}'], { pause: 3000 });
  const found = await Promise.all(Array.from({ length: 60 }, async () => (await call(app, key, { body: {} })).status));
  expect(found.filter((status) => status === 401)).toHaveLength(21);
  expect(found.filter((status) => status === 429)).toHaveLength(39);
  expect(await slow).toMatch(/^HTTP\/1\.1 429 /);
  expect(await executions(app, key)).toEqual([]);
});

it('distinguishes the addresses that trusted proxies report', async () => {
  const addresses = { allow: ['0.0.0.0/0', '::/0'], proxies: 1 };
  const { key } = await createWorkflow(app, { config: { basicAuthentication, addresses } });
  const from = (address: string, { headers, body }: typeof right) =>
    call(app, key, { headers: { ...headers, 'x-forwarded-for': `198.51.100.1, ${address}` }, body });
  expect(await statuses(21, () => from('192.0.2.1', wrong))).toEqual(Array(21).fill(401));
  expect((await from('192.0.2.1', right)).status).toBe(429);
  expect((await from('192.0.2.2', right)).status).toBe(200);
});
