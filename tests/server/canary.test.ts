// No value of a secret variable or of a configuration leaks: not to editors, not to senders, not into the log.
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type App, bootApp } from '../support/app';
import { logged } from '../support/wait';
import { call, createWorkflow, setEnabled } from './support';

let app: App;
// Begins with a letter, as the name of a variable does; long enough to be a key of any kind.
const canary = `c${randomBytes(30).toString('hex')}`;
beforeAll(async () => {
  app = await bootApp();
  await app.api('POST', 'environmentVariables:create', { name: 'CANARY', type: 'secret', value: canary });
});
afterAll(() => app.remove());

const presets = ['github', 'slack', 'stripe', 'twilio', 'standard-webhooks', 'gitlab-token', 'microsoft-graph', 'zoom'];

/** A configuration for each field that may contain a secret, and for fields in which it would be a mistake. */
const configurations = (secret: string): Record<string, unknown>[] => [
  { basicAuthentication: { username: secret, password: secret } },
  { basicAuthentication: { username: 'user', password: [secret] } },
  { basicAuthentication: secret },
  ...presets.map((preset) => ({ authentication: [{ preset, secrets: [secret] }] })),
  { authentication: [{ preset: secret, secrets: [secret] }] },
  { authentication: [{ scheme: { kind: secret }, secrets: [secret] }] },
  { authentication: [{ scheme: { kind: 'token', from: { header: 'x-token' }, prefix: secret }, secrets: [secret] }] },
  { authentication: [{ scheme: { kind: 'token', from: { header: [secret] } }, secrets: [secret] }] },
  // A name that the owner typed is shown, but not one that a variable filled in.
  ...['header', 'query', 'body', 'xml']
    .filter(() => secret.includes('{{'))
    .map((place) => ({
      authentication: [{ scheme: { kind: 'token', from: { [place]: secret } }, secrets: [secret] }],
    })),
  {
    authentication: [
      { scheme: { kind: 'jwt', algorithms: ['HS256'], issuer: secret, audience: secret }, secrets: [secret] },
    ],
  },
  { authentication: [{ scheme: { kind: 'jwt', algorithms: [secret] }, secrets: [secret] }] },
  { authentication: secret },
  { authentication: [{ preset: 'meta', secrets: [secret] }], handshake: { kind: 'meta', verifyTokens: [secret] } },
  { handshake: { kind: 'feishu', verificationTokens: [secret], encryptKey: secret } },
  { handshake: { kind: 'wecom', encodingAesKey: secret, receiveId: secret } },
  { handshake: { kind: secret } },
  { addresses: { allow: [secret] } },
  { addresses: { allow: ['192.0.2.1'], proxies: [secret] } },
  { rateLimit: { requests: secret, seconds: 1 } },
  { idempotency: { source: secret, key: 'x' } },
  { request: { methods: [secret], readAs: secret, bodyLimit: secret } },
  { request: { files: { storage: secret } } },
];

const forms = [canary, Buffer.from(canary).toString('base64'), createHash('sha256').update(canary).digest('hex')];
const assertSilent = (text: string, about: unknown) => {
  for (const form of forms) {
    expect(text.includes(form), `${JSON.stringify(about)} gives ${text}`).toBe(false);
  }
};

const requests = [
  { headers: '', body: '' },
  {
    headers: 'content-type: application/json\nx-token: x\nauthorization: Bearer eyJhbGciOiJIUzI1NiJ9.e30.AA',
    body: '{}',
  },
  { headers: 'x-hub-signature-256: sha256=00\nx-gitlab-token: x\nauthorization: Basic dXNlcjp4', body: '{}' },
  {
    headers: '',
    body: '',
    method: 'GET',
    url: 'https://example.com/?hub.mode=subscribe&hub.verify_token=x&hub.challenge=1&echostr=x&msg_signature=x',
  },
];

it('reveals no secret in a diagnosis, typed or filled in', async () => {
  const before = app.logs().length;
  for (const secret of [canary, '{{$env.CANARY}}', 'x {{$env.CANARY}} y']) {
    for (const config of configurations(secret)) {
      for (const request of requests) {
        assertSilent(JSON.stringify(await app.api('POST', 'webhook:diagnose', { config, ...request })), config);
      }
    }
  }
  await sleep(500);
  assertSilent(app.logs().slice(before), 'the log');
});

it('reveals no secret that is filled in to the sender, to the owner or in the log', async () => {
  const before = app.logs().length;
  for (const config of configurations('{{$env.CANARY}}')) {
    const created = await createWorkflow(app, { config }).catch((error: Error) => error);
    if (created instanceof Error) {
      // Some can't be saved, template or not.
      assertSilent(created.message, config);
      continue;
    }
    const { id, key } = created;
    for (const { headers, body, method = 'POST', url = '' } of requests) {
      const sent = Object.fromEntries(
        headers.split('\n').flatMap((line) => (line ? [line.split(': ')] : [])),
      ) as Record<string, string>;
      const query = url.slice('https://example.com/'.length);
      const response = await call(app, key, { method, headers: sent, query, ...(method === 'GET' ? {} : { body }) });
      assertSilent(JSON.stringify([[...response.headers], await response.text()]), config);
    }
    assertSilent(JSON.stringify(await app.api('POST', 'webhook:rejections', { workflowId: id })), config);
  }
  await sleep(500);
  assertSilent(app.logs().slice(before), 'the log');
});

it('keeps secrets that are saved, and tokens in a query, out of the log', async () => {
  const before = app.logs().length;
  const configs = configurations(canary).filter((config) => 'authentication' in config || 'handshake' in config);
  for (const config of [...configs, { basicAuthentication: { username: 'user', password: canary } }]) {
    // Some can't be saved.
    const created = await createWorkflow(app, { config }).catch(() => undefined);
    if (created) {
      await app.api('POST', `workflows:update?filterByTk=${created.id}`, { config }).catch(() => undefined);
    }
  }
  const from = { query: 'token' };
  const { id, key } = await createWorkflow(app, {
    config: { authentication: [{ scheme: { kind: 'token', from }, secrets: [canary] }] },
  });
  expect((await call(app, key, { query: `?a=1&token=${canary}&${canary}` })).status).toBe(200);
  expect((await call(app, key, { query: `?token=x${canary}` })).status).toBe(401);
  await setEnabled(app, id, false);
  expect((await call(app, key, { query: `?token=${canary}` })).status).toBe(404);
  const log = await logged(app, `webhook:trigger/${key}?token=••••`, before);
  expect(log).toContain(`webhook:trigger/${key}?a=••••&token=••••&••••`);
  await sleep(500);
  assertSilent(app.logs().slice(before), 'the log');
});
