// What is between NocoBase and its senders: the public base URL and trusted proxies.
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type App, bootApp } from '../support/app';
import { logged } from '../support/wait';
import { call, createWorkflow } from './support';

const twilio = { authentication: [{ preset: 'twilio', secrets: ['token'] }] };

/** Sends an empty form that is signed as Twilio signs it, for a URL. */
async function signed(app: App, key: string, url: string, headers: Record<string, string> = {}): Promise<number> {
  const signature = createHmac('sha1', 'token').update(url).digest('base64');
  const type = 'application/x-www-form-urlencoded';
  const { status } = await call(app, key, {
    headers: { 'content-type': type, 'x-twilio-signature': signature, ...headers },
  });
  return status;
}

let app: App;
let behind: App;
beforeAll(async () => {
  app = await bootApp({ env: { WEBHOOK_TRUSTED_PROXIES: 'nonsense' } });
  behind = await bootApp({
    env: { WEBHOOK_TRUSTED_PROXIES: '127.0.0.0/8, ::1', WEBHOOK_PUBLIC_URL: 'https://Example.com/noco/' },
  });
});
afterAll(async () => {
  await app.remove();
  await behind.remove();
});

const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'example.com' };

it('signs the URL at this server unless a trusted proxy says where it was called', async () => {
  const { key, url } = await createWorkflow(app, { config: twilio });
  const { pathname } = new URL(url);
  expect(await signed(app, key, url)).toBe(200);
  expect(await signed(app, key, `https://example.com${pathname}`, forwarded)).toBe(401);
  expect(await signed(app, key, url, forwarded)).toBe(200);
  const own = await createWorkflow(app, { config: { ...twilio, trustedProxies: 1 } });
  const ownPath = new URL(own.url).pathname;
  expect(await signed(app, own.key, `https://example.com${ownPath}`, forwarded)).toBe(200);
});

it('signs the URL at the public base URL of the server or of the webhook', async () => {
  const { key, url } = await createWorkflow(behind, { config: twilio });
  const { pathname } = new URL(url);
  expect(await signed(behind, key, `https://example.com/noco${pathname}`)).toBe(200);
  expect(await signed(behind, key, url)).toBe(401);
  const own = await createWorkflow(behind, { config: { ...twilio, publicUrl: 'http://hooks.test:8080' } });
  expect(await signed(behind, own.key, `http://hooks.test:8080${new URL(own.url).pathname}`, forwarded)).toBe(200);
});

it('counts failed authentications by the address behind the trusted proxies', async () => {
  const token = { authentication: [{ scheme: { kind: 'token', from: { header: 'x-token' } }, secrets: ['secret'] }] };
  const { key } = await createWorkflow(behind, { config: token });
  const status = async (address: string, sent: string) =>
    (await call(behind, key, { headers: { 'x-forwarded-for': address, 'x-token': sent }, body: {} })).status;
  for (let failed = 0; failed < 21; failed += 1) {
    expect(await status('203.0.113.7', 'wrong')).toBe(401);
  }
  expect(await status('203.0.113.7', 'secret')).toBe(429);
  expect(await status('203.0.113.8', 'secret')).toBe(200);
});

it('applies the trusted proxies of the server to an IP allowlist', async () => {
  const { key } = await createWorkflow(behind, { config: { addresses: { allow: ['203.0.113.7'] } } });
  const status = async (address: string) =>
    (await call(behind, key, { headers: { 'x-forwarded-for': address }, body: {} })).status;
  expect(await status('203.0.113.7')).toBe(200);
  expect(await status('203.0.113.8')).toBe(403);
});

it('reports an invalid setting of the server, and trusts no proxy', async () => {
  await logged(app, 'WEBHOOK_TRUSTED_PROXIES: expected an address');
});
