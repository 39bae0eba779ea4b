// Requests that the senders' own libraries signed, to the running app.
import { createHash, createHmac, sign } from 'node:crypto';
import * as octokit from '@octokit/webhooks-methods';
import { encrypt as wecomEncrypt, getSignature as wecomSignature } from '@wecom/crypto';
import { SignJWT } from 'jose';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Stripe } from 'stripe';
import { Webhook as SvixWebhook } from 'svix';
import twilio from 'twilio';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, bootApp } from '../support/app';
import { p256Keys } from '../support/keys';
import { call, createWorkflow, ended, executions, sendRaw } from './support';

let app: App;
beforeAll(async () => {
  app = await bootApp();
});
afterAll(() => app.stop());

interface Signed<Body = string> {
  query?: string;
  headers: Record<string, string>;
  body: Body;
}

interface Sender {
  secret: string;
  other: string;
  /** The secret that is configured besides, where it has to have a form. */
  next?: string;
  /** Signs a body at a time, in milliseconds. */
  sign(secret: string, body: string, time: number, url: string): Signed | Promise<Signed>;
  /** Whether an old request is rejected. */
  timed?: boolean;
  type?: string;
  /** What a workflow gets of a body that holds the secret. */
  kept?: object;
}

const json = '{"id":"evt_1","amount":12.50,"name":"Zoë/€"}';
const hmac = (key: string, text: string, encoding: 'hex' | 'base64') =>
  createHmac('sha256', key).update(text).digest(encoding);
const seconds = (time: number) => String(Math.floor(time / 1000));

const standard = (prefix: string, library: typeof StandardWebhook | typeof SvixWebhook): Sender => ({
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  other: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD',
  timed: true,
  sign: (secret, body, time) => ({
    headers: {
      [`${prefix}-id`]: 'msg_1',
      [`${prefix}-timestamp`]: seconds(time),
      [`${prefix}-signature`]: new library(secret).sign('msg_1', new Date(time), body),
    },
    body,
  }),
});

const v0 = (signature: string, timestamp: string): Sender => ({
  secret: '8f742231b10e8888abcd99yyyzzz85a5',
  other: 'another',
  timed: true,
  sign: (secret, body, time) => ({
    headers: {
      [signature]: `v0=${hmac(secret, `v0:${seconds(time)}:${body}`, 'hex')}`,
      [timestamp]: seconds(time),
    },
    body,
  }),
});

const github: Sender = {
  secret: 'app-secret',
  other: 'another',
  sign: async (secret, body) => ({ headers: { 'x-hub-signature-256': await octokit.sign(secret, body) }, body }),
};

const SENDGRID = p256Keys();
const SENDGRID_OTHER = p256Keys();

const senders: Record<string, Sender> = {
  stripe: {
    secret: 'whsec_test_secret',
    other: 'whsec_other',
    timed: true,
    sign: (secret, body, time) => ({
      headers: {
        'stripe-signature': Stripe.webhooks.generateTestHeaderString({
          payload: body,
          secret,
          timestamp: Math.floor(time / 1000),
        }),
      },
      body,
    }),
  },
  github,
  meta: github,
  'standard-webhooks': standard('webhook', StandardWebhook),
  gitlab: standard('webhook', StandardWebhook),
  svix: standard('svix', SvixWebhook),
  slack: v0('x-slack-signature', 'x-slack-request-timestamp'),
  zoom: v0('x-zm-signature', 'x-zm-request-timestamp'),
  shopify: {
    secret: 'hush',
    other: 'another',
    sign: (secret, body) => ({ headers: { 'x-shopify-hmac-sha256': hmac(secret, body, 'base64') }, body }),
  },
  linear: {
    secret: 'lin_wh_secret',
    other: 'lin_wh_other',
    timed: true,
    sign: (secret, _, time) => {
      const body = `{"action":"create","webhookTimestamp":${time}}`;
      return { headers: { 'linear-signature': hmac(secret, body, 'hex') }, body };
    },
  },
  sendgrid: {
    secret: SENDGRID.publicKey,
    other: SENDGRID_OTHER.publicKey,
    next: p256Keys().publicKey,
    sign: (secret, body, time) => {
      const { privateKey } = secret === SENDGRID.publicKey ? SENDGRID : SENDGRID_OTHER;
      const headers = {
        'x-twilio-email-event-webhook-timestamp': String(time),
        'x-twilio-email-event-webhook-signature': sign('sha256', Buffer.from(`${time}${body}`), privateKey).toString(
          'base64',
        ),
      };
      return { headers, body };
    },
  },
  twilio: {
    secret: '12345',
    other: '54321',
    sign: (secret, body, _, url) => {
      const query = `?bodySHA256=${createHash('sha256').update(body).digest('hex')}`;
      return {
        query,
        headers: { 'x-twilio-signature': twilio.getExpectedTwilioSignature(secret, url + query, {}) },
        body,
      };
    },
  },
  feishu: {
    secret: 'encrypt key',
    other: 'another',
    sign: (secret, body, time) => ({
      headers: {
        'x-lark-request-timestamp': seconds(time),
        'x-lark-request-nonce': 'n',
        'x-lark-signature': createHash('sha256')
          .update(`${seconds(time)}n${secret}${body}`)
          .digest('hex'),
      },
      body,
    }),
  },
  'gitlab-token': {
    secret: 'token',
    other: 'another',
    sign: (secret, body) => ({ headers: { 'x-gitlab-token': secret }, body }),
  },
  'feishu-token': {
    secret: 'token',
    other: 'another',
    sign: (secret) => ({ headers: {}, body: JSON.stringify({ schema: '2.0', header: { token: secret }, event: {} }) }),
    kept: { schema: '2.0', header: {}, event: {} },
  },
  'microsoft-graph': {
    secret: 'state',
    other: 'another',
    sign: (secret) => ({
      headers: {},
      body: JSON.stringify({ value: [{ clientState: secret }, { clientState: secret }] }),
    }),
    kept: { value: [{}, {}] },
  },
};

const urlOf = (key: string) => `http://127.0.0.1:${app.port}/api/webhook:trigger/${key}`;
const send = (key: string, { query, headers, body }: Signed<string | Uint8Array>) =>
  call(app, key, { query, headers: { 'content-type': 'application/json', ...headers }, body });

describe.each(Object.entries(senders))('a webhook with the authentication method of %s', (preset, sender) => {
  const { secret, other, next = 'whsec_bmV4dA==', sign } = sender;
  let key: string;
  beforeAll(async () => {
    ({ key } = await createWorkflow(app, {
      config: { authentication: [{ preset, secrets: [secret, next] }] },
    }));
  });

  it('accepts what the sender signed, and executes with its body', async () => {
    const signed = await sign(secret, json, Date.now(), urlOf(key));
    const response = await send(key, signed);
    expect([response.status, await response.text()]).toEqual([200, '']);
    const [{ context }] = await ended(app, key);
    expect(context.body).toEqual(sender.kept ?? JSON.parse(signed.body));
  });

  it('rejects everything else with 401 and executes nothing', async () => {
    const before = (await executions(app, key)).length;
    const good = await sign(secret, json, Date.now(), urlOf(key));
    const bad: Record<string, Signed<string | Uint8Array>> = {
      'another secret': await sign(other, json, Date.now(), urlOf(key)),
      nothing: { headers: {}, body: '{}' },
    };
    const isToken = preset.endsWith('-token') || preset === 'microsoft-graph';
    if (!isToken) {
      for (const at of [0, Math.floor(good.body.length / 2), good.body.length - 1]) {
        const flipped = Buffer.from(good.body);
        flipped[at] ^= 1;
        bad[`a flipped bit at ${at}`] = { ...good, body: flipped };
      }
      bad['another space in the body'] = { ...good, body: good.body.replace(':', ': ') };
    }
    if (sender.timed) {
      bad['an old time'] = await sign(secret, json, Date.now() - 302_000, urlOf(key));
    }
    for (const name of Object.keys(good.headers)) {
      const { [name]: _, ...headers } = good.headers;
      bad[`no ${name}`] = { ...good, headers };
    }
    for (const [what, signed] of Object.entries(bad)) {
      const response = await send(key, signed);
      expect(response.status, what).toBe(401);
      const text = await response.text();
      expect(text, what).not.toContain(secret);
      expect(JSON.parse(text), what).toEqual({ errors: [{ code: expect.any(String), message: expect.any(String) }] });
    }
    expect(await executions(app, key)).toHaveLength(before);
  });

  it('accepts either of two secrets during rotation', async () => {
    const both = await createWorkflow(app, { config: { authentication: [{ preset, secrets: [other, secret] }] } });
    for (const one of [secret, other]) {
      expect((await send(both.key, await sign(one, json, Date.now(), urlOf(both.key)))).status).toBe(200);
    }
    expect(await ended(app, both.key, 2)).toHaveLength(2);
  });

  it('rejects a request that repeats a header of the authentication', async () => {
    const good = await sign(secret, json, Date.now(), urlOf(key));
    for (const [name, value] of Object.entries(good.headers)) {
      const lines = [...Object.entries(good.headers), [name, value]].map(([header, text]) => `${header}: ${text}`);
      const received = await sendRaw(app, [
        [
          `POST /api/webhook:trigger/${key}${good.query ?? ''} HTTP/1.1`,
          `host: 127.0.0.1:${app.port}`,
          'connection: close',
          'content-type: application/json',
          `content-length: ${Buffer.byteLength(good.body)}`,
          ...lines,
          '',
          good.body,
        ].join('\r\n'),
      ]);
      expect(received, name).toMatch(/^HTTP\/1\.1 401 /);
    }
  });
});

describe('other authentication methods', () => {
  it('accepts a form that Twilio signed with its URL and parameters', async () => {
    const { key } = await createWorkflow(app, {
      config: { authentication: [{ preset: 'twilio', secrets: ['12345'] }] },
    });
    const body = 'To=%2B18005551212&Body=a+b&Digits=1234';
    const url = `${urlOf(key)}?a=%20x`;
    const signature = twilio.getExpectedTwilioSignature('12345', url, {
      To: '+18005551212',
      Body: 'a b',
      Digits: '1234',
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature };
    expect((await call(app, key, { query: '?a=%20x', headers, body })).status).toBe(200);
    expect((await call(app, key, { query: '?a=%20y', headers, body })).status).toBe(401);
    expect((await call(app, key, { query: '?a=%20x', headers, body: `${body}5` })).status).toBe(401);
    const [{ context }] = await ended(app, key);
    expect(context.body).toEqual({ To: '+18005551212', Body: 'a b', Digits: '1234' });
  });

  it('accepts what WeCom signed over its envelope', async () => {
    const { key } = await createWorkflow(app, {
      config: { authentication: [{ preset: 'wecom', secrets: ['QDG6eK'] }], request: { body: [] } },
    });
    const sealed = wecomEncrypt('jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C', '<xml/>', 'wx');
    const body = `<xml><Encrypt><![CDATA[${sealed}]]></Encrypt></xml>`;
    const signature = wecomSignature('QDG6eK', '1409659813', '1372623149', sealed);
    const query = (text: string) => `?msg_signature=${text}&timestamp=1409659813&nonce=1372623149`;
    const headers = { 'content-type': 'text/plain' };
    expect((await call(app, key, { query: query(signature), headers, body })).status).toBe(200);
    expect((await call(app, key, { query: query(signature.replace(/^./, 'g')), headers, body })).status).toBe(401);
    expect((await call(app, key, { query: `${query(signature)}&nonce=1`, headers, body })).status).toBe(401);
  });

  it('accepts a JSON Web Token, and a bearer token', async () => {
    const secret = 'a secret of at least thirty-two bytes';
    const jwt = { kind: 'jwt', algorithms: ['HS256'], issuer: 'me', audience: 'hook' };
    const bearer = { kind: 'token', from: { header: 'authorization' }, prefix: 'Bearer ' };
    const signed = (exp: number) =>
      new SignJWT({ iss: 'me', aud: 'hook', exp }).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(secret));
    const now = Math.floor(Date.now() / 1000);
    for (const [scheme, right, wrong] of [
      [jwt, await signed(now + 60), await signed(now - 3600)],
      [bearer, secret, `${secret}!`],
    ] as const) {
      const { key } = await createWorkflow(app, { config: { authentication: [{ scheme, secrets: [secret] }] } });
      const status = async (authorization: string) =>
        (await call(app, key, { headers: { authorization }, body: {} })).status;
      expect(await status(`Bearer ${right}`)).toBe(200);
      expect(await status(`Bearer ${wrong}`)).toBe(401);
      expect(await status(`Basic ${right}`)).toBe(401);
    }
  });

  it('requires all authentication methods if several are configured', async () => {
    const { key } = await createWorkflow(app, {
      config: {
        basicAuthentication: { username: 'u', password: 'p' },
        authentication: [
          { preset: 'github', secrets: ['s'] },
          { preset: 'gitlab-token', secrets: ['t'] },
        ],
      },
    });
    const all: Record<string, string> = {
      authorization: `Basic ${Buffer.from('u:p').toString('base64')}`,
      'x-hub-signature-256': await octokit.sign('s', '{}'),
      'x-gitlab-token': 't',
    };
    expect((await call(app, key, { headers: all, body: {} })).status).toBe(200);
    for (const name of Object.keys(all)) {
      const { [name]: _, ...headers } = all;
      expect((await call(app, key, { headers, body: {} })).status, name).toBe(401);
    }
  });

  it("rejects saving a scheme that can't work, and says why", async () => {
    const scheme = {
      kind: 'signature',
      from: { header: 'x-signature' },
      accept: [{ algorithm: 'sha256', encoding: 'hex', key: { form: 'text' } }],
      signed: '{body}',
    };
    await expect(createWorkflow(app, { config: { authentication: [{ scheme, secrets: ['s'] }] } })).rejects.toThrow(
      /expected \{secret\} in what is signed/,
    );
  });
});
