// Senders without a light library of their own: their documentation is the judge of ours.
import { createHash, createHmac, generateKeyPairSync, sign as signWith } from 'node:crypto';

import type { PresetName, Scheme } from '../index.js';

/** The time of all requests. */
export const NOW = 1_760_000_000_000;
export const SECONDS = String(NOW / 1000);

/** A request of a sender. */
export interface Call {
  url: string;
  headers: Array<[string, string]>;
  body: string;
}

/** How a sender signs, and what its own library says. */
export interface Sender {
  scheme: PresetName | Scheme;
  secret: string;
  /** A secret of the same form that is not in use. */
  other: string;
  body: string;
  call(body: string, secret: string): Call | Promise<Call>;
  /** The part of the call's body that is signed; absent where it is all of it. */
  covered?(call: Call): string;
  /** What the sender's own library says; absent where it has no verifier. */
  library?(call: Call, secret: string): boolean | Promise<boolean>;
  /** How far the time may be off, in seconds; absent where it isn't checked. */
  tolerance?: number;
  /** Whether a time ahead is rejected too. */
  ahead?: boolean;
}

/** Returns a header of a request. */
export const header = (call: Call, name: string): string => new Map(call.headers).get(name) ?? '';
/** Signs a message as most senders do. */
export const hmac = (algorithm: string, key: string | Buffer, message: string, encoding: 'hex' | 'base64') =>
  createHmac(algorithm, key).update(message).digest(encoding);

/** A body with what proxies like to change. */
export const json = '{"id":"evt_1","amount":12.50,"name":"Zoë/€","list":[1, 2]}';

/** A sender that signs nothing but the body. */
const ofBody = (
  scheme: PresetName,
  name: string,
  sign: (body: string, secret: string) => string = (body, secret) => hmac('sha256', secret, body, 'hex'),
): Sender => ({
  scheme,
  secret: 'secret',
  other: 'another',
  body: json,
  call: (body, secret) => ({ url: '', headers: [[name, sign(body, secret)]], body }),
});

const withPrefix = (prefix: string) => (body: string, secret: string) => prefix + hmac('sha256', secret, body, 'hex');
const base64 = (body: string, secret: string) => hmac('sha256', secret, body, 'base64');
const sha1 = (prefix: string) => (body: string, secret: string) => prefix + hmac('sha1', secret, body, 'hex');

/** A sender with its time in the list of signatures. */
const withTime = (scheme: PresetName, name: string, write: (time: string, secret: string, body: string) => string) => ({
  ...ofBody(scheme, name, (body, secret) => write(SECONDS, secret, body)),
  ahead: false,
});

const url = 'https://example.com/api/webhook:trigger/abc?a=1';
const rsa = [generateKeyPairSync('rsa', { modulusLength: 2048 }), generateKeyPairSync('rsa', { modulusLength: 2048 })];
const ed25519 = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')];
const rsaKey = (at: number) => rsa[at]!.publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
const ed25519Key = (at: number) =>
  ed25519[at]!.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');

const TOKEN = 'a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0';
const mailgun = (write: (signature: Record<string, string>) => Pick<Call, 'headers' | 'body'>): Sender => ({
  scheme: 'mailgun',
  secret: 'key-0123456789abcdef',
  other: 'key-other',
  body: TOKEN,
  call: (token, secret) => {
    const signature = hmac('sha256', secret, `1529006854${token}`, 'hex');
    return { url: '', ...write({ timestamp: '1529006854', token, signature }) };
  },
});

export const documentedSenders: Record<string, Sender> = {
  asana: ofBody('asana', 'x-hook-signature'),
  bitbucket: ofBody('bitbucket', 'x-hub-signature', withPrefix('sha256=')),
  calendly: {
    ...withTime(
      'calendly',
      'calendly-webhook-signature',
      (time, secret, body) => `t=${time},v1=${hmac('sha256', secret, `${time}.${body}`, 'hex')}`,
    ),
    tolerance: 180,
  },
  circleci: ofBody('circleci', 'circleci-signature', withPrefix('v1=')),
  docusign: ofBody('docusign', 'x-docusign-signature-1', base64),
  dropbox: ofBody('dropbox', 'x-dropbox-signature'),
  gitea: ofBody('gitea', 'x-gitea-signature'),
  forgejo: ofBody('gitea', 'x-forgejo-signature'),
  gocardless: ofBody('gocardless', 'webhook-signature'),
  intercom: ofBody('intercom', 'x-hub-signature', sha1('sha1=')),
  jira: ofBody('jira', 'x-hub-signature', withPrefix('sha256=')),
  'lemon squeezy': ofBody('lemon-squeezy', 'x-signature'),
  line: ofBody('line', 'x-line-signature', base64),
  notion: ofBody('notion', 'x-notion-signature', withPrefix('sha256=')),
  nylas: ofBody('nylas', 'x-nylas-signature'),
  pagerduty: ofBody('pagerduty', 'x-pagerduty-signature', withPrefix('v1=')),
  razorpay: ofBody('razorpay', 'x-razorpay-signature'),
  sentry: ofBody('sentry', 'sentry-hook-signature'),
  typeform: ofBody('typeform', 'typeform-signature', (body, secret) => `sha256=${base64(body, secret)}`),
  vercel: ofBody('vercel', 'x-vercel-signature', sha1('')),
  woocommerce: ofBody('woocommerce', 'x-wc-webhook-signature', base64),
  xero: ofBody('xero', 'x-xero-signature', base64),
  teams: {
    ...ofBody(
      'teams',
      'authorization',
      (body, secret) => `HMAC ${hmac('sha256', Buffer.from(secret, 'base64'), body, 'base64')}`,
    ),
    secret: 'c2VjcmV0',
    other: 'b3RoZXI=',
  },
  paddle: {
    ...withTime(
      'paddle',
      'paddle-signature',
      (time, secret, body) => `ts=${time};h1=${hmac('sha256', secret, `${time}:${body}`, 'hex')}`,
    ),
    tolerance: 5,
  },
  hubspot: {
    scheme: 'hubspot',
    secret: 'secret',
    other: 'another',
    body: json,
    call: (body, secret) => ({
      url,
      headers: [
        ['x-hubspot-signature-v3', hmac('sha256', secret, `POST${url}${body}${NOW}`, 'base64')],
        ['x-hubspot-request-timestamp', String(NOW)],
      ],
      body,
    }),
    tolerance: 300,
    ahead: false,
  },
  square: {
    ...ofBody('square', ''),
    call: (body, secret) => ({
      url,
      headers: [['x-square-hmacsha256-signature', hmac('sha256', secret, url + body, 'base64')]],
      body,
    }),
  },
  trello: {
    ...ofBody('trello', ''),
    call: (body, secret) => ({
      url,
      headers: [['x-trello-webhook', hmac('sha1', secret, body + url, 'base64')]],
      body,
    }),
  },
  mandrill: {
    ...ofBody('mandrill', ''),
    body: 'mandrill_events=%5B%7B%22event%22%3A%22send%22%7D%5D',
    call: (body, secret) => {
      const parameters = [...new URLSearchParams(body)].sort().flat().join('');
      return {
        url,
        headers: [
          ['x-mandrill-signature', hmac('sha1', secret, url + parameters, 'base64')],
          ['content-type', 'application/x-www-form-urlencoded'],
        ],
        body,
      };
    },
  },
  twitch: {
    ...ofBody('twitch', ''),
    call: (body, secret) => {
      const time = new Date(NOW).toISOString();
      return {
        url: '',
        headers: [
          ['twitch-eventsub-message-id', 'e76c6bd4'],
          ['twitch-eventsub-message-timestamp', time],
          ['twitch-eventsub-message-signature', `sha256=${hmac('sha256', secret, `e76c6bd4${time}${body}`, 'hex')}`],
        ],
        body,
      };
    },
    tolerance: 600,
    ahead: false,
  },
  discord: {
    scheme: 'discord',
    secret: ed25519Key(0),
    other: ed25519Key(1),
    body: json,
    call: (body) => ({
      url: '',
      headers: [
        ['x-signature-ed25519', signWith(null, Buffer.from(SECONDS + body), ed25519[0]!.privateKey).toString('hex')],
        ['x-signature-timestamp', SECONDS],
      ],
      body,
    }),
  },
  alipay: {
    scheme: 'alipay',
    secret: rsaKey(0),
    other: rsaKey(1),
    body: 'total_amount=12.50&subject=%E4%BD%A0%20b&app_id=1&empty=&sign_type=RSA2',
    call: (body) => {
      const signed = 'app_id=1&empty=&subject=你 b&total_amount=12.50';
      const sign = encodeURIComponent(signWith('sha256', Buffer.from(signed), rsa[0]!.privateKey).toString('base64'));
      return {
        url: '',
        headers: [['content-type', 'application/x-www-form-urlencoded;charset=UTF-8']],
        body: `${body}&sign=${sign}`,
      };
    },
    covered: () => 'total_amount=12.50&subject=%E4%BD%A0%20b&app_id=1&empty=',
  },
  wechat: {
    scheme: 'wechat',
    secret: 'mytoken',
    other: 'another',
    body: '1409304348',
    // The body isn't signed.
    call: (time, secret) => {
      const signature = createHash('sha1').update([secret, time, 'xxxxxx'].sort().join('')).digest('hex');
      return { url: `${url}&signature=${signature}&timestamp=${time}&nonce=xxxxxx`, headers: [], body: '' };
    },
    covered: () => '',
  },
  'mailgun in JSON': mailgun((signature) => ({ headers: [], body: JSON.stringify({ signature, 'event-data': {} }) })),
  'mailgun in a form': mailgun((fields) => ({
    headers: [['content-type', 'application/x-www-form-urlencoded']],
    body: new URLSearchParams({ ...fields, subject: 'a b' }).toString(),
  })),
};
