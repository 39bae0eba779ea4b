// The URL verifications of senders, each in its documented form, and the events that follow.
import { createCipheriv, createHash, createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { decrypt as wecomDecrypt, encrypt as wecomEncrypt, getSignature as wecomSignature } from '@wecom/crypto';
import DingTalkEncryptor from 'dingtalk-encrypt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, bootApp } from '../support/app';
import { call, type CallOptions, createWorkflow, ended, executions } from './support';

let app: App;
beforeAll(async () => {
  app = await bootApp();
});
afterAll(() => app.remove());

const JSON_TYPE = { 'content-type': 'application/json' };
const AES_KEY = '4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij';
const seconds = () => String(Math.floor(Date.now() / 1000));

const v0 = (signature: string, timestamp: string, secret: string, body: string): CallOptions => {
  const time = seconds();
  const hmac = createHmac('sha256', secret).update(`v0:${time}:${body}`).digest('hex');
  return { headers: { ...JSON_TYPE, [signature]: `v0=${hmac}`, [timestamp]: time }, body };
};
const slack = (secret: string, body: string) => v0('x-slack-signature', 'x-slack-request-timestamp', secret, body);
const zoom = (secret: string, body: string) => v0('x-zm-signature', 'x-zm-request-timestamp', secret, body);

/** Returns Feishu's envelope, as documented. */
function feishuSealed(encryptKey: string, event: object): string {
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-256-cbc', createHash('sha256').update(encryptKey).digest(), iv);
  return JSON.stringify({
    encrypt: Buffer.concat([iv, cipher.update(JSON.stringify(event)), cipher.final()]).toString('base64'),
  });
}
function feishuSigned(encryptKey: string, body: string): CallOptions {
  const time = seconds();
  return {
    headers: {
      ...JSON_TYPE,
      'x-lark-request-timestamp': time,
      'x-lark-request-nonce': 'n',
      'x-lark-signature': createHash('sha256').update(`${time}n${encryptKey}${body}`).digest('hex'),
    },
    body,
  };
}

const query = (parameters: Record<string, string>) => `?${new URLSearchParams(parameters)}`;

function wecomAsked(token: string, text: string, receiveId = 'wx1'): CallOptions {
  const echostr = wecomEncrypt(AES_KEY, text, receiveId);
  const [timestamp, nonce] = [seconds(), '1372623149'];
  const msg_signature = wecomSignature(token, timestamp, nonce, echostr);
  return { method: 'GET', query: query({ msg_signature, timestamp, nonce, echostr }) };
}
function wecomEvent(token: string, xml: string): CallOptions {
  const sealed = wecomEncrypt(AES_KEY, xml, 'wx1');
  const [timestamp, nonce] = [seconds(), '1372623149'];
  return {
    query: query({ msg_signature: wecomSignature(token, timestamp, nonce, sealed), timestamp, nonce }),
    headers: { 'content-type': 'text/xml' },
    body: `<xml><ToUserName><![CDATA[wx1]]></ToUserName><Encrypt><![CDATA[${sealed}]]></Encrypt></xml>`,
  };
}
function dingtalk(token: string, event: object, receiveId = 'ding1'): CallOptions {
  const [timestamp, nonce] = [String(Date.now()), 'nEXhMP4r'];
  // The library would escape the text as a URL; what DingTalk itself sends is in the envelope of WeCom.
  const sealed = wecomEncrypt(AES_KEY, JSON.stringify(event), receiveId);
  const library = new DingTalkEncryptor(token, AES_KEY, receiveId);
  return {
    query: query({ msg_signature: library.getSignature(token, timestamp, nonce, sealed), timestamp, nonce }),
    headers: JSON_TYPE,
    body: JSON.stringify({ encrypt: sealed }),
  };
}
/** Returns the content of the response for DingTalk, after its own library has verified the signature. */
function dingtalkOpened(token: string, body: string): string {
  const { msg_signature, timeStamp, nonce, encrypt } = JSON.parse(body) as Record<string, string>;
  return new DingTalkEncryptor(token, AES_KEY, 'ding1').getDecryptMsg(msg_signature, timeStamp, nonce, encrypt);
}

const feishuVerification = (token: string) => ({ challenge: 'ajls384kdjx98XX', token, type: 'url_verification' });
const zoomVerification = JSON.stringify({
  payload: { plainToken: 'qgg8vlvZRS6UYooatFL8Aw' },
  event_ts: 1_654_503_849_680,
  event: 'endpoint.url_validation',
});
const slackVerification = '{"token":"t","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmd","type":"url_verification"}';
const meta = (token: string) =>
  query({ 'hub.mode': 'subscribe', 'hub.verify_token': token, 'hub.challenge': '1158201444' });
const TEXT = 'text/plain; charset=utf-8';
const JSON_ANSWER = 'application/json; charset=utf-8';

interface Sender {
  config: Record<string, unknown>;
  verification: () => CallOptions;
  /** Content type and body of the response. */
  answer: [string | null, string | ((body: string) => void)];
  /** Its status. Default: 200. */
  status?: number;
  /** Other verifications, with their statuses. */
  rejected: Record<string, [number, () => CallOptions]>;
}

const challenge: Sender['answer'] = [JSON_ANSWER, '{"challenge":"ajls384kdjx98XX"}'];
const feishu = (handshake: object) => ({
  handshake: { kind: 'feishu', ...handshake },
  authentication: [{ preset: 'feishu', secrets: ['encrypt key'] }],
});
const sealing = { verificationTokens: ['v-token'], encryptKey: 'encrypt key' };

const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' };
const tokenInQuery = {
  authentication: [{ scheme: { kind: 'token', from: { query: 'token' } }, secrets: ['s3cret'] }],
};

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const discordKey = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('hex');
const discordScheme = {
  kind: 'signature',
  from: { header: 'x-signature-ed25519' },
  accept: [{ algorithm: 'ed25519', encoding: 'hex', key: { form: 'hex' } }],
  signed: '{timestamp}{body}',
  timestamp: { from: { header: 'x-signature-timestamp' } },
};
function discord(body: string): CallOptions {
  const time = seconds();
  const signature = sign(null, Buffer.from(time + body), privateKey).toString('hex');
  return { headers: { ...JSON_TYPE, 'x-signature-ed25519': signature, 'x-signature-timestamp': time }, body };
}

const twitchScheme = {
  kind: 'signature',
  from: { header: 'twitch-eventsub-message-signature' },
  accept: [{ prefix: 'sha256=', algorithm: 'hmac-sha256', encoding: 'hex', key: { form: 'text' } }],
  signed: '{id}{timestamp}{body}',
  id: { header: 'twitch-eventsub-message-id' },
  timestamp: { from: { header: 'twitch-eventsub-message-timestamp' }, unit: 'rfc3339', tolerance: 600 },
};
function twitch(secret: string, body: string): CallOptions {
  const [id, time] = ['e76c6bd4-55c9-4987-8304-da1588d8988b', new Date().toISOString()];
  const signature = createHmac('sha256', secret).update(`${id}${time}${body}`).digest('hex');
  return {
    headers: {
      ...JSON_TYPE,
      'twitch-eventsub-message-id': id,
      'twitch-eventsub-message-timestamp': time,
      'twitch-eventsub-message-signature': `sha256=${signature}`,
      'twitch-eventsub-message-type': 'webhook_callback_verification',
    },
    body,
  };
}

const websub = (topic: string) => query({ 'hub.mode': 'subscribe', 'hub.topic': topic, 'hub.challenge': '4375' });

const wechatScheme = {
  kind: 'signature',
  from: { query: 'signature' },
  accept: [{ algorithm: 'sha1', encoding: 'hex', key: { form: 'text' } }],
  signed: { sorted: ['{secret}', '{timestamp}', '{nonce}'] },
  timestamp: { from: { query: 'timestamp' } },
  nonce: { query: 'nonce' },
};
function wechat(token: string): string {
  const [timestamp, nonce] = ['1409304348', 'xxxxxx'];
  const signature = createHash('sha1').update([token, timestamp, nonce].sort().join('')).digest('hex');
  return query({ signature, timestamp, nonce, echostr: '4375' });
}

const eventGrid: CallOptions = {
  headers: { 'aeg-event-type': 'SubscriptionValidation' },
  body: [
    {
      eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent',
      data: { validationCode: '512d38b6-c7b8-40c8-89fe-f46f9e9622b6' },
    },
  ],
};

/** The challenge of X, and events that are signed with the same secret. */
const crc = {
  authentication: [
    {
      scheme: {
        kind: 'signature',
        from: { header: 'x-signature' },
        accept: [{ algorithm: 'hmac-sha256', encoding: 'base64', key: { form: 'text' } }],
        signed: '{body}',
      },
      secrets: ['s3cret', 'other'],
    },
  ],
  handshake: {
    kind: 'custom',
    rules: [
      {
        when: [{ method: 'GET' }, { query: 'crc_token' }],
        authentication: 'none',
        compute: { algorithm: 'hmac-sha256', encoding: 'base64', signed: '{query:crc_token}' },
        reply: { json: { response_token: 'sha256={computed}' } },
      },
    ],
  },
};
const hmac = (text: string) => createHmac('sha256', 's3cret').update(text).digest('base64');

const senders: Record<string, Sender> = {
  Slack: {
    config: { handshake: { kind: 'slack' }, authentication: [{ preset: 'slack', secrets: ['old', 's3cret'] }] },
    verification: () => slack('s3cret', slackVerification),
    answer: [TEXT, '3eZbrw1aBm2rZgRNFdxV2595E9CY3gmd'],
    rejected: {
      'of another secret': [401, () => slack('other', slackVerification)],
      'without a signature': [401, () => ({ headers: JSON_TYPE, body: slackVerification })],
    },
  },
  Meta: {
    config: {
      handshake: { kind: 'meta', verifyTokens: ['old', 'meatyhamhock'] },
      authentication: [{ preset: 'meta', secrets: ['s3cret'] }],
    },
    verification: () => ({ method: 'GET', query: meta('meatyhamhock') }),
    answer: [TEXT, '1158201444'],
    rejected: {
      'of another token': [403, () => ({ method: 'GET', query: meta('hock') })],
      'that is none': [405, () => ({ method: 'GET' })],
      'that is posted': [401, () => ({ query: meta('meatyhamhock'), body: {} })],
    },
  },
  'Microsoft Graph': {
    config: {
      handshake: { kind: 'microsoft-graph' },
      authentication: [{ preset: 'microsoft-graph', secrets: ['state'] }],
    },
    verification: () => ({
      query: '?validationToken=Validation%3A+Testing+client+application+%3Cb%3E',
      headers: { 'content-type': TEXT },
    }),
    answer: [TEXT, 'Validation: Testing client application <b>'],
    rejected: { 'without a token': [401, () => ({ headers: { 'content-type': TEXT } })] },
  },
  Zoom: {
    config: { handshake: { kind: 'zoom' }, authentication: [{ preset: 'zoom', secrets: ['s3cret'] }] },
    verification: () => zoom('s3cret', zoomVerification),
    answer: [
      JSON_ANSWER,
      (body) =>
        expect(JSON.parse(body)).toEqual({
          plainToken: 'qgg8vlvZRS6UYooatFL8Aw',
          encryptedToken: createHmac('sha256', 's3cret').update('qgg8vlvZRS6UYooatFL8Aw').digest('hex'),
        }),
    ],
    rejected: {
      'of another secret': [401, () => zoom('other', zoomVerification)],
      'for a signature over an event': [403, () => zoom('s3cret', zoomVerification.replace('qgg8', 'v0:1:'))],
    },
  },
  'Feishu in the clear': {
    config: feishu({ verificationTokens: ['v-token'] }),
    verification: () => ({ body: feishuVerification('v-token') }),
    answer: challenge,
    rejected: { 'of another token': [403, () => ({ body: feishuVerification('other') })] },
  },
  'Feishu in the clear, signed': {
    config: feishu(sealing),
    verification: () => feishuSigned('encrypt key', JSON.stringify(feishuVerification('v-token'))),
    answer: challenge,
    rejected: {},
  },
  'Feishu, encrypted': {
    config: feishu(sealing),
    verification: () => ({ headers: JSON_TYPE, body: feishuSealed('encrypt key', feishuVerification('v-token')) }),
    answer: challenge,
    rejected: {
      'of another token': [
        403,
        () => ({ headers: JSON_TYPE, body: feishuSealed('encrypt key', feishuVerification('other')) }),
      ],
      'under another key': [
        401,
        () => ({ headers: JSON_TYPE, body: feishuSealed('k', feishuVerification('v-token')) }),
      ],
    },
  },
  'Feishu, encrypted and signed': {
    config: feishu(sealing),
    verification: () => feishuSigned('encrypt key', feishuSealed('encrypt key', feishuVerification('v-token'))),
    answer: challenge,
    rejected: {},
  },
  WeCom: {
    config: {
      handshake: { kind: 'wecom', encodingAesKey: AES_KEY, receiveId: 'wx1' },
      authentication: [{ preset: 'wecom', secrets: ['old', 'QDG6eK'] }],
    },
    verification: () => wecomAsked('QDG6eK', '1616140317555161061'),
    answer: [TEXT, '1616140317555161061'],
    rejected: {
      'of another token': [403, () => wecomAsked('other', '1')],
      'for another receiver': [403, () => wecomAsked('QDG6eK', '1', 'wx2')],
      'that is none': [405, () => ({ method: 'GET' })],
    },
  },
  Discord: {
    config: { handshake: { kind: 'discord' }, authentication: [{ scheme: discordScheme, secrets: [discordKey] }] },
    verification: () => discord('{"id":"1","type":1,"token":"t"}'),
    answer: [JSON_ANSWER, '{"type":1}'],
    rejected: {
      'with a changed body': [401, () => ({ ...discord('{"type":1}'), body: '{"type": 1}' })],
      'without a signature': [401, () => ({ headers: JSON_TYPE, body: '{"type":1}' })],
    },
  },
  "Discord's webhook events": {
    config: {
      handshake: { kind: 'discord-events' },
      authentication: [{ scheme: discordScheme, secrets: [discordKey] }],
    },
    verification: () => discord('{"version":1,"application_id":"1","type":0}'),
    answer: [null, ''],
    status: 204,
    rejected: { 'without a signature': [401, () => ({ headers: JSON_TYPE, body: '{"type":0}' })] },
  },
  Twitch: {
    config: { handshake: { kind: 'twitch' }, authentication: [{ scheme: twitchScheme, secrets: ['s3cret'] }] },
    verification: () => twitch('s3cret', '{"challenge":"pogchamp-kappa-360noscope"}'),
    answer: [TEXT, 'pogchamp-kappa-360noscope'],
    rejected: {
      'of another secret': [401, () => twitch('other', '{"challenge":"pogchamp-kappa-360noscope"}')],
      'without a challenge': [401, () => twitch('s3cret', '{}')],
    },
  },
  Monday: {
    config: { handshake: { kind: 'monday' }, ...tokenInQuery },
    verification: () => ({ body: { challenge: '3eZbrw1aBm2r' } }),
    answer: [JSON_ANSWER, '{"challenge":"3eZbrw1aBm2r"}'],
    rejected: { 'that is an event': [401, () => ({ body: { event: {} } })] },
  },
  Dropbox: {
    config: { handshake: { kind: 'dropbox' }, ...tokenInQuery },
    verification: () => ({ method: 'GET', query: '?challenge=%3Cb%3E' }),
    answer: [TEXT, '<b>'],
    rejected: {
      'that is posted': [401, () => ({ query: '?challenge=a', body: {} })],
      'that is none': [405, () => ({ method: 'GET' })],
    },
  },
  WebSub: {
    config: { handshake: { kind: 'websub', topics: ['https://example.com/feed'] }, ...tokenInQuery },
    verification: () => ({ method: 'GET', query: websub('https://example.com/feed') }),
    answer: [TEXT, '4375'],
    rejected: { 'of another topic': [405, () => ({ method: 'GET', query: websub('https://example.com/') })] },
  },
  'WeChat official accounts': {
    config: { handshake: { kind: 'wechat' }, authentication: [{ scheme: wechatScheme, secrets: ['mytoken'] }] },
    verification: () => ({ method: 'GET', query: wechat('mytoken') }),
    answer: [TEXT, '4375'],
    rejected: { 'of another token': [401, () => ({ method: 'GET', query: wechat('other') })] },
  },
  Trello: {
    config: { handshake: { kind: 'trello' }, ...tokenInQuery },
    verification: () => ({ method: 'HEAD' }),
    answer: [null, ''],
    rejected: { 'that is an event': [401, () => ({ body: {} })] },
  },
  WooCommerce: {
    config: { handshake: { kind: 'woocommerce' }, ...tokenInQuery },
    verification: () => ({ headers: FORM_TYPE, body: 'webhook_id=11' }),
    answer: [null, ''],
    rejected: { 'that is JSON': [401, () => ({ body: { webhook_id: 11 } })] },
  },
  "Slack's certificate": {
    config: { handshake: { kind: 'slack' }, authentication: [{ preset: 'slack', secrets: ['s3cret'] }] },
    verification: () => ({ headers: FORM_TYPE, body: 'ssl_check=1&token=x' }),
    answer: [null, ''],
    rejected: { 'that asks for something else': [401, () => ({ headers: FORM_TYPE, body: 'ssl_check=0&token=x' })] },
  },
  Bitbucket: {
    config: { handshake: { kind: 'bitbucket' }, authentication: [{ preset: 'github', secrets: ['s3cret'] }] },
    verification: () => ({ headers: { 'x-event-key': 'diagnostics:ping' }, body: { test: true } }),
    answer: [null, ''],
    rejected: { 'of another event': [401, () => ({ headers: { 'x-event-key': 'repo:push' }, body: { test: true } })] },
  },
  'Event Grid': {
    config: { handshake: { kind: 'event-grid' }, ...tokenInQuery },
    verification: () => ({ ...eventGrid, query: '?token=s3cret' }),
    answer: [JSON_ANSWER, '{"validationResponse":"512d38b6-c7b8-40c8-89fe-f46f9e9622b6"}'],
    rejected: { 'without a token': [401, () => eventGrid] },
  },
  Shopline: {
    config: { handshake: { kind: 'shopline', appId: 'app-1' }, ...tokenInQuery },
    verification: () => ({ body: { topic: 'webhook/verification' } }),
    answer: [TEXT, 'YXBwLTE='],
    rejected: { 'of another topic': [401, () => ({ body: { topic: 'orders/create' } })] },
  },
  'rules with a signature': {
    config: crc,
    verification: () => ({ method: 'GET', query: '?crc_token=Abc_1.2-3' }),
    answer: [JSON_ANSWER, JSON.stringify({ response_token: `sha256=${hmac('Abc_1.2-3')}` })],
    rejected: {
      'for a signature over an event': [401, () => ({ method: 'GET', query: query({ crc_token: '{"a":1}' }) })],
      'without a value': [405, () => ({ method: 'GET' })],
    },
  },
  DingTalk: {
    config: {
      handshake: { kind: 'dingtalk', encodingAesKey: AES_KEY, receiveId: 'ding1' },
      authentication: [{ preset: 'dingtalk', secrets: ['old', '123456'] }],
    },
    verification: () => dingtalk('123456', { EventType: 'check_url' }),
    answer: [JSON_ANSWER, (body) => expect(dingtalkOpened('123456', body)).toBe('success')],
    rejected: {
      'of another token': [401, () => dingtalk('other', { EventType: 'check_url' })],
      'for another receiver': [401, () => dingtalk('123456', { EventType: 'check_url' }, 'ding2')],
    },
  },
};

describe.each(Object.entries(senders))(
  'the URL verification of %s',
  (_, { config, verification, answer, status = 200, rejected }) => {
    it('gets the documented response, and nothing else does; no workflow is executed', async () => {
      const { key } = await createWorkflow(app, { config });
      const response = await call(app, key, verification());
      const body = await response.text();
      expect([response.status, body.length > 0]).toEqual([status, answer[0] !== null]);
      expect(response.headers.get('content-type')).toBe(answer[0]);
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      if (typeof answer[1] === 'string') {
        expect(body).toBe(answer[1]);
      } else {
        answer[1](body);
      }
      for (const [what, [expected, other]] of Object.entries(rejected)) {
        const response = await call(app, key, other());
        expect(response.status, what).toBe(expected);
        const { errors } = (await response.json()) as { errors: object[] };
        expect(errors, what).toEqual([{ code: expect.any(String), message: expect.any(String) }]);
      }
      expect(await executions(app, key)).toEqual([]);
    });
  },
);

describe('events in an envelope', () => {
  it("of Feishu are executed with its content, and only with the sender's signature", async () => {
    const { key } = await createWorkflow(app, { config: feishu(sealing) });
    const event = { schema: '2.0', header: { event_id: 'e1' }, event: { text: 'Zoë' } };
    const sealed = feishuSealed('encrypt key', event);
    expect((await call(app, key, feishuSigned('encrypt key', sealed))).status).toBe(200);
    expect((await call(app, key, { headers: JSON_TYPE, body: sealed })).status).toBe(401);
    expect((await call(app, key, feishuSigned('encrypt key', '{"encrypt":"P37w"}'))).status).toBe(401);
    expect((await ended(app, key)).map(({ context }) => context.body)).toEqual([event]);
  });

  it('of WeCom are executed with its content', async () => {
    const { key } = await createWorkflow(app, { config: senders.WeCom.config });
    const xml = '<xml><MsgType><![CDATA[text]]></MsgType><Content>Zoë</Content></xml>';
    expect(wecomDecrypt(AES_KEY, wecomEncrypt(AES_KEY, xml, 'wx1')).message).toBe(xml);
    expect((await call(app, key, wecomEvent('QDG6eK', xml))).status).toBe(200);
    expect((await call(app, key, wecomEvent('other', xml))).status).toBe(401);
    expect((await ended(app, key)).map(({ context }) => context.body)).toEqual([
      { xml: { MsgType: 'text', Content: 'Zoë' } },
    ]);
  });

  it.each([false, true])('of DingTalk get an encrypted success back (synchronous: %s)', async (sync) => {
    const response = { statusCode: 204, headers: [{ name: 'X-Own', value: '1' }], body: 'configured' };
    const { key } = await createWorkflow(app, { sync, config: { ...senders.DingTalk.config, response } });
    const event = { EventType: 'user_add_org', UserId: ['1'] };
    const answers = [await call(app, key, dingtalk('123456', event)), await call(app, key, dingtalk('old', event))];
    const bodies = await Promise.all(answers.map((answer) => answer.text()));
    expect(answers.map(({ status, headers }) => [status, headers.get('content-type'), headers.get('x-own')])).toEqual(
      answers.map(() => [200, JSON_ANSWER, sync ? null : '1']),
    );
    expect([dingtalkOpened('123456', bodies[0]), dingtalkOpened('old', bodies[1])]).toEqual(['success', 'success']);
    expect(bodies[0]).not.toBe(bodies[1]);
    expect((await call(app, key, dingtalk('other', event))).status).toBe(401);
    expect((await ended(app, key, 2)).map(({ context }) => context.body)).toEqual([event, event]);
  });
});

describe('a rule', () => {
  it('never gets anyone a signature with which an event is accepted', async () => {
    const { key } = await createWorkflow(app, { config: crc });
    const signed = (body: string, signature: string) =>
      call(app, key, { headers: { ...JSON_TYPE, 'x-signature': signature }, body });
    for (const text of ['12345', 'a=b', 'true']) {
      const response = await call(app, key, { method: 'GET', query: query({ crc_token: text }) });
      const { response_token } = (await response.json()) as { response_token: string };
      expect(response_token).toBe(`sha256=${hmac(text)}`);
      expect((await signed(text, hmac(text))).status, text).toBe(401);
    }
    expect((await signed('{"a":1}', hmac('{"a":1}'))).status).toBe(200);
    expect((await ended(app, key)).map(({ context }) => context.body)).toEqual([{ a: 1 }]);
  });

  it('responds with headers and values of a variable, and with what the sender called', async () => {
    await app.api('POST', 'environmentVariables:create', {
      name: 'VERIFY_TOKEN',
      type: 'default',
      value: 'meatyhamhock',
    });
    const { key, url } = await createWorkflow(app, {
      config: {
        ...tokenInQuery,
        handshake: {
          kind: 'custom',
          rules: [
            {
              when: [{ method: 'OPTIONS' }, { header: 'x-verify', equals: '{{$env.VERIFY_TOKEN}}' }],
              authentication: 'none',
              reply: { status: 202, headers: [{ name: 'X-Called', value: '{url}' }], text: '{header:x-verify} ü' },
            },
          ],
        },
      },
    });
    const asked = (token: string) =>
      call(app, key, { method: 'OPTIONS', query: '?a=1', headers: { 'x-verify': token } });
    const response = await asked('meatyhamhock');
    expect([response.status, await response.text()]).toEqual([202, 'meatyhamhock ü']);
    expect(response.headers.get('x-called')).toBe(url);
    expect((await asked('other')).status).toBe(405);
    expect(await executions(app, key)).toEqual([]);
  });

  it("isn't saved if its response could be a page", async () => {
    const create = (reply: object) =>
      createWorkflow(app, { config: { handshake: { kind: 'custom', rules: [{ when: [{ method: 'GET' }], reply }] } } });
    await expect(create({ text: 'ok' })).resolves.toMatchObject({ key: expect.any(String) });
    for (const reply of [{ headers: [{ name: 'Content-Type', value: 'text/html' }] }, { text: '{secret}' }]) {
      await expect(create(reply)).rejects.toThrow();
    }
  });
});
