// The URL verifications of senders, each in its documented form, and the events that follow.
import { createCipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
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
  answer: [string, string | ((body: string) => void)];
  /** Other verifications, with their statuses. */
  rejected: Record<string, [number, () => CallOptions]>;
}

const challenge: Sender['answer'] = [JSON_ANSWER, '{"challenge":"ajls384kdjx98XX"}'];
const feishu = (handshake: object) => ({
  handshake: { kind: 'feishu', ...handshake },
  authentication: [{ preset: 'feishu', secrets: ['encrypt key'] }],
});
const sealing = { verificationTokens: ['v-token'], encryptKey: 'encrypt key' };

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
  (_, { config, verification, answer, rejected }) => {
    it('gets the documented response, and nothing else does; no workflow is executed', async () => {
      const { key } = await createWorkflow(app, { config });
      const response = await call(app, key, verification());
      const body = await response.text();
      expect([response.status, body.length > 0]).toEqual([200, true]);
      expect(response.headers.get('content-type')).toBe(answer[0]);
      if (typeof answer[1] === 'string') {
        expect(body).toBe(answer[1]);
      } else {
        answer[1](body);
      }
      for (const [what, [status, other]] of Object.entries(rejected)) {
        const response = await call(app, key, other());
        expect(response.status, what).toBe(status);
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
