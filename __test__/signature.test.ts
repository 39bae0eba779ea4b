// The senders' own libraries sign, and judge the same calls that `verifySignature` judges.
import { createHash, createHmac, generateKeyPairSync, sign as signWith } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { LinearWebhookClient } from '@linear/sdk/webhooks';
import * as octokit from '@octokit/webhooks-methods';
import { EventWebhook, EventWebhookHeader } from '@sendgrid/eventwebhook';
import { shopifyApi } from '@shopify/shopify-api';
import '@shopify/shopify-api/adapters/node';
import { isValidSlackRequest } from '@slack/bolt/dist/receivers/verify-request';
import { encrypt as wecomEncrypt, getSignature as wecomSignature } from '@wecom/crypto';
import DingTalkEncryptor from 'dingtalk-encrypt';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Stripe } from 'stripe';
import { Webhook as SvixWebhook } from 'svix';
import twilio from 'twilio';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { type PresetName, signaturePresets, verifySignature } from '../index.js';
import { p256Keys } from '../tests/support/keys';
import { type Call, documentedSenders, header, hmac, json, NOW, SECONDS, type Sender } from './senders';

beforeEach(() => {
  vi.useFakeTimers({ now: NOW, toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const succeeds = (verify: () => unknown): boolean => {
  try {
    verify();
    return true;
  } catch {
    return false;
  }
};

const shopify = (secret: string) =>
  shopifyApi({
    apiKey: 'key',
    apiSecretKey: secret,
    apiVersion: '2025-10' as Parameters<typeof shopifyApi>[0]['apiVersion'],
    hostName: 'example.com',
    isEmbeddedApp: false,
    logger: { level: -1 as never },
  });

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const other = generateKeyPairSync('ed25519').publicKey;
const raw = (key: typeof publicKey) => key.export({ format: 'der', type: 'spki' }).subarray(-32);

const encryptedIn = (call: Call): string => (JSON.parse(call.body) as { encrypt: string }).encrypt;
const aesKey = 'jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C';

const standard = (prefix: 'webhook' | 'svix', library: typeof StandardWebhook | typeof SvixWebhook): Sender => ({
  scheme: prefix === 'svix' ? 'svix' : 'standard-webhooks',
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  other: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD',
  body: json,
  call: (body, secret) => ({
    url: '',
    headers: [
      [`${prefix}-id`, 'msg_1'],
      [`${prefix}-timestamp`, SECONDS],
      [`${prefix}-signature`, new library(secret).sign('msg_1', new Date(NOW), body)],
    ],
    body,
  }),
  library: (call, secret) => succeeds(() => new library(secret).verify(call.body, Object.fromEntries(call.headers))),
  tolerance: 300,
  ahead: true,
});

const twilioForm: Sender = {
  scheme: 'twilio',
  secret: '12345',
  other: '54321',
  body: 'To=%2B18005551212&Body=a+b%26c&Digits=1234&Empty=&Name=Zo%C3%AB&Media=b&Media=a&Media=b',
  call: (body, secret) => {
    const url = 'https://example.com/hook?foo=1&bar=%20x';
    const parameters = [...new URLSearchParams(body)].reduce<Record<string, string | string[]>>(
      (all, [name, value]) => {
        const before = all[name];
        return { ...all, [name]: before === undefined ? value : [before, value].flat() };
      },
      {},
    );
    return {
      url,
      headers: [
        ['x-twilio-signature', twilio.getExpectedTwilioSignature(secret, url, parameters)],
        ['content-type', 'application/x-www-form-urlencoded'],
      ],
      body,
    };
  },
};

const SENDGRID = p256Keys();
const SENDGRID_OTHER = p256Keys();

const senders: Record<string, Sender> = {
  stripe: {
    scheme: 'stripe',
    secret: 'whsec_test_secret',
    other: 'whsec_other',
    body: json,
    call: (body, secret) => ({
      url: '',
      headers: [
        [
          'stripe-signature',
          Stripe.webhooks.generateTestHeaderString({ payload: body, secret, timestamp: NOW / 1000 }),
        ],
      ],
      body,
    }),
    library: (call, secret) =>
      succeeds(() => Stripe.webhooks.constructEvent(call.body, header(call, 'stripe-signature'), secret)),
    tolerance: 300,
    ahead: false,
  },
  github: {
    scheme: 'github',
    secret: "It's a Secret to Everybody",
    other: 'another',
    body: json,
    call: async (body, secret) => ({
      url: '',
      headers: [['x-hub-signature-256', await octokit.sign(secret, body)]],
      body,
    }),
    library: (call, secret) => octokit.verify(secret, call.body, header(call, 'x-hub-signature-256')),
  },
  'standard webhooks': standard('webhook', StandardWebhook),
  svix: standard('svix', SvixWebhook),
  'gitlab with a signing token': { ...standard('webhook', StandardWebhook), scheme: 'gitlab' },
  'standard webhooks with ed25519': {
    scheme: 'standard-webhooks',
    secret: `whpk_${raw(publicKey).toString('base64')}`,
    other: `whpk_${raw(other).toString('base64')}`,
    body: json,
    call: (body) => ({
      url: '',
      headers: [
        ['webhook-id', 'msg_1'],
        ['webhook-timestamp', SECONDS],
        [
          'webhook-signature',
          `v1a,${signWith(null, Buffer.from(`msg_1.${SECONDS}.${body}`), privateKey).toString('base64')}`,
        ],
      ],
      body,
    }),
    tolerance: 300,
    ahead: true,
  },
  slack: {
    scheme: 'slack',
    secret: '8f742231b10e8888abcd99yyyzzz85a5',
    other: 'another',
    body: 'token=x&text=a+b%2Fc',
    call: (body, secret) => ({
      url: '',
      headers: [
        ['x-slack-signature', `v0=${hmac('sha256', secret, `v0:${SECONDS}:${body}`, 'hex')}`],
        ['x-slack-request-timestamp', SECONDS],
      ],
      body,
    }),
    library: (call, signingSecret) =>
      isValidSlackRequest({
        signingSecret,
        body: call.body,
        headers: {
          'x-slack-signature': header(call, 'x-slack-signature'),
          'x-slack-request-timestamp': Number(header(call, 'x-slack-request-timestamp') || Number.NaN),
        },
      }),
    tolerance: 300,
    // Slack's documentation wants it, its library doesn't do it.
    ahead: true,
  },
  shopify: {
    scheme: 'shopify',
    secret: 'hush',
    other: 'another',
    body: json,
    call: (body, secret) => ({
      url: '',
      headers: [['x-shopify-hmac-sha256', hmac('sha256', secret, body, 'base64')]],
      body,
    }),
    library: async (call, secret) => {
      const headers = {
        ...Object.fromEntries(call.headers),
        'x-shopify-topic': 'orders/create',
        'x-shopify-api-version': '2025-10',
        'x-shopify-shop-domain': 'example.myshopify.com',
        'x-shopify-webhook-id': '1',
      };
      const validation = await shopify(secret).webhooks.validate({
        rawBody: call.body,
        rawRequest: { method: 'POST', url: '/', headers } as unknown as IncomingMessage,
        rawResponse: {} as ServerResponse,
      });
      return validation.valid;
    },
  },
  'twilio with a form': {
    ...twilioForm,
    library: (call, secret) =>
      twilio.validateRequest(
        secret,
        header(call, 'x-twilio-signature'),
        call.url,
        [...new URLSearchParams(call.body)].reduce<Record<string, string | string[]>>((all, [name, value]) => {
          const before = all[name];
          return { ...all, [name]: before === undefined ? value : [before, value].flat() };
        }, {}),
      ),
  },
  'twilio with json': {
    scheme: 'twilio',
    secret: '12345',
    other: '54321',
    body: json,
    call: (body, secret) => {
      const url = `https://example.com/hook?foo=1&bodySHA256=${createHash('sha256').update(body).digest('hex')}`;
      return {
        url,
        headers: [['x-twilio-signature', twilio.getExpectedTwilioSignature(secret, url, {})]],
        body,
      };
    },
    library: (call, secret) =>
      twilio.validateRequestWithBody(secret, header(call, 'x-twilio-signature'), call.url, call.body),
  },
  linear: {
    scheme: 'linear',
    secret: 'lin_wh_secret',
    other: 'lin_wh_other',
    body: `{"action":"create","webhookTimestamp":${NOW}}`,
    call: (body, secret) => ({ url: '', headers: [['linear-signature', hmac('sha256', secret, body, 'hex')]], body }),
    library: (call, secret) =>
      succeeds(() => new LinearWebhookClient(secret).verify(Buffer.from(call.body), header(call, 'linear-signature'))),
    tolerance: 60,
    ahead: true,
  },
  sendgrid: {
    scheme: 'sendgrid',
    secret: SENDGRID.publicKey,
    other: SENDGRID_OTHER.publicKey,
    body: `[{"event":"delivered"}]\r\n`,
    call: (body, secret) => {
      const { privateKey } = secret === SENDGRID.publicKey ? SENDGRID : SENDGRID_OTHER;
      return {
        url: '',
        headers: [
          [
            EventWebhookHeader.SIGNATURE(),
            signWith('sha256', Buffer.from(SECONDS + body), privateKey).toString('base64'),
          ],
          [EventWebhookHeader.TIMESTAMP(), SECONDS],
        ],
        body,
      };
    },
    library: (call, secret) => {
      const webhook = new EventWebhook();
      const [signature, time] = [EventWebhookHeader.SIGNATURE(), EventWebhookHeader.TIMESTAMP()];
      const key = webhook.convertPublicKeyToECDSA(secret);
      return succeeds(() => {
        if (!webhook.verifySignature(key, call.body, header(call, signature), header(call, time))) throw new Error();
      });
    },
  },
  meta: {
    scheme: 'meta',
    secret: 'app-secret',
    other: 'another',
    body: json,
    call: (body, secret) => ({
      url: '',
      headers: [['x-hub-signature-256', `sha256=${hmac('sha256', secret, body, 'hex')}`]],
      body,
    }),
  },
  zoom: {
    scheme: 'zoom',
    secret: 'zoom-secret',
    other: 'another',
    body: json,
    call: (body, secret) => ({
      url: '',
      headers: [
        ['x-zm-signature', `v0=${hmac('sha256', secret, `v0:${SECONDS}:${body}`, 'hex')}`],
        ['x-zm-request-timestamp', SECONDS],
      ],
      body,
    }),
    tolerance: 300,
    ahead: true,
  },
  feishu: {
    scheme: 'feishu',
    secret: 'encrypt key',
    other: 'another',
    body: '{"encrypt":"P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk="}',
    call: (body, secret) => ({
      url: '',
      headers: [
        ['x-lark-request-timestamp', SECONDS],
        ['x-lark-request-nonce', '5x9'],
        ['x-lark-signature', createHash('sha256').update(`${SECONDS}5x9${secret}${body}`).digest('hex')],
      ],
      body,
    }),
  },
  wecom: {
    scheme: 'wecom',
    secret: 'QDG6eK',
    other: 'another',
    body: wecomEncrypt(aesKey, '<xml><Content>hi</Content></xml>', 'wx5823bf96d3bd56c7'),
    call: (encrypted, secret) => ({
      url: `https://example.com/?msg_signature=${wecomSignature(secret, SECONDS, '13726', encrypted)}&timestamp=${SECONDS}&nonce=13726`,
      headers: [],
      body: `<xml><ToUserName><![CDATA[wx]]></ToUserName><Encrypt><![CDATA[${encrypted}]]></Encrypt></xml>`,
    }),
    library: (call, secret) =>
      new URL(call.url).searchParams.get('msg_signature') ===
      wecomSignature(secret, SECONDS, '13726', call.body.split('[CDATA[')[2]!.split(']]')[0]!),
  },
  dingtalk: {
    scheme: 'dingtalk',
    secret: 'token',
    other: 'another',
    body: '{"EventType":"check_url"}',
    call: (body, secret) => {
      const sealed = new DingTalkEncryptor(secret, aesKey, 'ding1').getEncryptedMap(body, SECONDS, 'nonce1');
      return {
        url: `https://example.com/?msg_signature=${sealed.msg_signature}&timestamp=${SECONDS}&nonce=nonce1`,
        headers: [],
        body: JSON.stringify({ encrypt: sealed.encrypt }),
      };
    },
    covered: (call) => encryptedIn(call),
    library: (call, secret) =>
      succeeds(() =>
        new DingTalkEncryptor(secret, aesKey, 'ding1').getDecryptMsg(
          new URL(call.url).searchParams.get('msg_signature') ?? '',
          SECONDS,
          'nonce1',
          encryptedIn(call),
        ),
      ),
  },
  'a scheme of one’s own, with ed25519 in hex': {
    scheme: {
      kind: 'signature',
      from: { header: 'X-Signature-Ed25519' },
      accept: [{ algorithm: 'ed25519', encoding: 'hex', key: { form: 'hex' } }],
      signed: '{timestamp}{body}',
      timestamp: { from: { header: 'X-Signature-Timestamp' }, tolerance: 60 },
    },
    secret: raw(publicKey).toString('hex'),
    other: raw(other).toString('hex'),
    body: json,
    call: (body) => ({
      url: '',
      headers: [
        ['x-signature-ed25519', signWith(null, Buffer.from(SECONDS + body), privateKey).toString('hex')],
        ['x-signature-timestamp', SECONDS],
      ],
      body,
    }),
    tolerance: 60,
    ahead: true,
  },
  'a scheme of one’s own, with hmac-sha512 over a nonce in the body': {
    scheme: {
      kind: 'signature',
      from: { query: 'sig' },
      accept: [{ algorithm: 'hmac-sha512', encoding: 'base64', key: { form: 'hex' } }],
      signed: '{nonce}|{body}',
      nonce: { body: 'id' },
    },
    secret: 'aabb',
    other: 'ccdd',
    body: json,
    call: (body, secret) => ({
      url: `https://example.com/?sig=${encodeURIComponent(hmac('sha512', Buffer.from(secret, 'hex'), `evt_1|${body}`, 'base64'))}`,
      headers: [],
      body,
    }),
  },
};

describe.each(Object.entries({ ...senders, ...documentedSenders }))('%s', (_, sender) => {
  const { scheme, secret, other: otherSecret, body, library } = sender;
  const verify = (call: Call, secrets = [secret]) => verifySignature(scheme, secrets, call, Date.now());
  const rejection = (call: Call, secrets = [secret]) => {
    const outcome = verify(call, secrets);
    return outcome.ok ? 'accepted' : outcome.diagnosis.code;
  };

  test('accepts a signed request, like the sender’s library', async () => {
    const call = await sender.call(body, secret);
    expect(verify(call)).toEqual({ ok: true, secret: 0 });
    if (library) {
      expect(await library(call, secret)).toBe(true);
    }
  });

  test('rejects a flipped bit anywhere in the signed body, like the sender’s library', async () => {
    const call = await sender.call(body, secret);
    const covered = sender.covered?.(call) ?? body;
    const from = call.body.indexOf(covered);
    expect(from).not.toBe(-1);
    for (let at = from; at < from + covered.length; at++) {
      const flipped = String.fromCharCode(call.body.charCodeAt(at) ^ 1);
      const changed = { ...call, body: call.body.slice(0, at) + flipped + call.body.slice(at + 1) };
      expect(rejection(changed), changed.body).not.toBe('accepted');
      if (library) {
        expect(await library(changed, secret), changed.body).toBe(false);
      }
    }
  });

  test('rejects another secret, and finds one of several', async () => {
    const call = await sender.call(body, secret);
    expect(rejection(call, [otherSecret])).toBe('NO_MATCH');
    if (library) {
      expect(await library(call, otherSecret)).toBe(false);
    }
    expect(verify(call, [otherSecret, secret])).toEqual({ ok: true, secret: 1 });
    expect(verify(call, [otherSecret, otherSecret, otherSecret, secret])).toEqual({ ok: true, secret: 3 });
  });

  test('rejects each missing or repeated header', async () => {
    const call = await sender.call(body, secret);
    for (const [index, [name, value]] of call.headers.entries()) {
      const missing = { ...call, headers: call.headers.filter((_header, at) => at !== index) };
      const twice = { ...call, headers: [...call.headers, [name.toUpperCase(), value] as [string, string]] };
      // Without its type a body isn't a form, or has no fields to find the signature in.
      const expected = name === 'content-type' ? ['MALFORMED', 'MISSING'] : ['MISSING'];
      expect(expected).toContain(rejection(missing));
      if (name !== 'content-type') {
        expect(rejection(twice)).toBe('REPEATED');
        const rawHeaders = twice.headers.flat();
        expect(verifySignature(scheme, [secret], { ...call, headers: rawHeaders }, Date.now()).ok).toBe(false);
      }
      if (library && name !== 'content-type') {
        expect(
          await Promise.resolve(missing)
            .then((it) => library(it, secret))
            .catch(() => false),
        ).toBe(false);
      }
    }
  });

  test('rejects a time that is off by more than the tolerance, to the second', async () => {
    const call = await sender.call(body, secret);
    const at = async (seconds: number) => {
      vi.setSystemTime(NOW + seconds * 1000);
      return { ours: rejection(call), library: await library?.(call, secret) };
    };
    if (sender.tolerance === undefined) {
      expect((await at(86_400 * 365)).ours).toBe('accepted');
      return;
    }
    for (const seconds of [0, sender.tolerance, -sender.tolerance]) {
      const verdict = await at(seconds);
      expect(verdict.ours, `${seconds} s`).toBe('accepted');
      expect(verdict.library ?? true, `${seconds} s`).toBe(true);
    }
    const old = await at(sender.tolerance + 1);
    expect(old).toEqual({ ours: 'CLOCK_OFF', library: library && false });
    const ahead = await at(-sender.tolerance - 1);
    expect(ahead.ours).toBe(sender.ahead ? 'CLOCK_OFF' : 'accepted');
    if (library && scheme !== 'slack') {
      expect(ahead.library).toBe(!sender.ahead);
    }
  });
});

test('signs as the senders’ own examples', async () => {
  for (const [name, signature] of [
    ['mailgun in JSON', '60de66bc807c4569f75daf3d09b760e009c20a11251daeb7615eb8c152a8a31c'],
    ['wechat', '48062c83b0a00f9fdf280a85313c7376cf2b0f1b'],
  ] as const) {
    const sender = documentedSenders[name]!;
    const call = await sender.call(sender.body, sender.secret);
    expect(call.url + call.body).toContain(signature);
  }
});

test('tries all signatures in a header, as during the rotation of a secret', async () => {
  const stripe = senders.stripe!;
  const [old, current] = [await stripe.call(json, stripe.other), await stripe.call(json, stripe.secret)];
  const [, oldSignature] = header(old, 'stripe-signature').split(',');
  const both = {
    ...current,
    headers: [['stripe-signature', `${header(current, 'stripe-signature')},${oldSignature}`]],
  } as Call;
  for (const secret of [stripe.secret, stripe.other]) {
    expect(verifySignature('stripe', [secret], both, NOW).ok).toBe(true);
    expect(stripe.library!(both, secret)).toBe(true);
  }
  const v0 = {
    ...current,
    headers: [['stripe-signature', header(current, 'stripe-signature').replace('v1=', 'v0=')]],
  } as Call;
  expect(verifySignature('stripe', [stripe.secret], v0, NOW)).toMatchObject({ diagnosis: { code: 'MALFORMED' } });
  expect(stripe.library!(v0, stripe.secret)).toBe(false);
});

test('reads a body as its exact bytes', () => {
  const body = Buffer.from([0xff, 0x00, 0x0a, 0xc3]);
  const signature = `sha256=${createHmac('sha256', 'key').update(body).digest('hex')}`;
  const headers = { 'x-hub-signature-256': signature };
  expect(verifySignature('github', ['key'], { headers, body }, NOW)).toEqual({ ok: true, secret: 0 });
  expect(verifySignature('github', ['key'], { headers, body: body.toString('latin1') }, NOW).ok).toBe(false);
});

test('names the step that failed and what happened to the body', () => {
  const signature = `sha256=${hmac('sha256', 'key', '{"a":1}', 'hex')}`;
  const headers = { 'X-Hub-Signature-256': signature };
  expect(verifySignature('github', ['key'], { headers, body: '{"a": 1}' }, NOW)).toEqual({
    ok: false,
    diagnosis: {
      code: 'NO_MATCH',
      signatures: 1,
      hint: 'bodyWhitespace',
      message:
        'no signature matches a secret, but with other white space in the body it matches: a proxy or framework probably re-serialized it',
    },
  });
  expect(verifySignature('github', ['key'], { headers: [], body: '{"a": 1}' }, NOW)).toEqual({
    ok: false,
    diagnosis: {
      code: 'MISSING',
      subject: 'signature',
      place: 'header x-hub-signature-256',
      message: 'the signature is missing: expected it in header x-hub-signature-256',
    },
  });
});

test('has a preset for each name in the types', () => {
  const named: Record<PresetName, true> = {
    alipay: true,
    asana: true,
    bitbucket: true,
    calendly: true,
    circleci: true,
    dingtalk: true,
    discord: true,
    docusign: true,
    dropbox: true,
    feishu: true,
    'feishu-token': true,
    gitea: true,
    github: true,
    gitlab: true,
    'gitlab-token': true,
    gocardless: true,
    hubspot: true,
    intercom: true,
    jira: true,
    'lemon-squeezy': true,
    line: true,
    linear: true,
    mailgun: true,
    mandrill: true,
    meta: true,
    'microsoft-graph': true,
    notion: true,
    nylas: true,
    paddle: true,
    pagerduty: true,
    razorpay: true,
    sendgrid: true,
    sentry: true,
    shopify: true,
    slack: true,
    square: true,
    'standard-webhooks': true,
    stripe: true,
    svix: true,
    teams: true,
    telegram: true,
    trello: true,
    twilio: true,
    twitch: true,
    typeform: true,
    vercel: true,
    wechat: true,
    wecom: true,
    woocommerce: true,
    xero: true,
    zoom: true,
  };
  expect(Object.keys(signaturePresets()).sort()).toEqual(Object.keys(named).sort());
});

test('accepts a preset that was changed', () => {
  const { slack } = signaturePresets();
  if (slack.kind !== 'signature') {
    throw new Error('expected a signature');
  }
  const headers = {
    'x-slack-signature': `v0=${hmac('sha256', 'key', 'v0:1:b', 'hex')}`,
    'x-slack-request-timestamp': '1',
  };
  const call = { headers, body: 'b' };
  expect(verifySignature(slack, ['key'], call, NOW)).toMatchObject({
    diagnosis: { code: 'CLOCK_OFF', tolerance: 300 },
  });
  const patient = { ...slack, timestamp: { ...slack.timestamp!, tolerance: 4_000_000_000 } };
  expect(verifySignature(patient, ['key'], call, NOW)).toEqual({ ok: true, secret: 0 });
});

test('throws a TypeError that says what was expected', () => {
  const call = { headers: {}, body: '' };
  const misused = (...wrong: unknown[]) => {
    const [scheme = 'github', secrets = ['key'], request = call, now = NOW] = wrong;
    return () => verifySignature(scheme as PresetName, secrets as string[], request as typeof call, now as number);
  };
  for (const secrets of [[], [''], [' '], ['a', 'b', 'c', 'd', 'e'], 'key', [1], null]) {
    expect(misused(undefined, secrets)).toThrow(
      new TypeError('expected secrets to be an array of 1 to 4 strings, none of them blank'),
    );
  }
  expect(misused('nobody')).toThrow(
    new TypeError('expected scheme to be the name of a preset or a scheme: no preset is called "nobody"'),
  );
  expect(misused({ kind: 'signature' })).toThrow(
    /^expected scheme to be the name of a preset or a scheme: missing field/,
  );
  expect(misused(undefined, undefined, undefined, Number.NaN)).toThrow(TypeError);
  expect(misused(undefined, undefined, undefined, '1')).toThrow(TypeError);
  expect(misused(undefined, undefined, 'request')).toThrow(new TypeError('expected request to be an object'));
  for (const headers of [['a'], [['a']], [['a', 1]], 'a', { a: 1 }]) {
    expect(misused(undefined, undefined, { headers })).toThrow(TypeError);
  }
});
