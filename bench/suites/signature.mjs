/**
 * From a signed request to the context of its execution in one call: what the server does between receiving a body and storing
 * the event, compared with the same checks in JavaScript. Both sides get a request of Node's HTTP server and the bytes of its
 * body, check method, size, signature, content type and UTF-8, and return the context of ten variables as JSON text.
 */
import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import { build } from 'esbuild';
import qs from 'qs';
import native from '../../index.js';
import { root } from '../../scripts/lib/paths.mjs';
import { KINDS, SIZES } from '../lib/bodies.mjs';
import { sideBySide } from '../lib/measure.mjs';
import { arrived } from '../lib/request.mjs';
import { accessor } from './extract.mjs';
import { QS_OPTIONS } from './query.mjs';

export const title = 'Signature and extraction: the server’s one call beside `node:crypto`, `JSON.parse` and accessors';

const LIMIT = 10 * 1024 * 1024;
const SECRET = 'whsec_5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH';
const hmac = (...pieces) => pieces.reduce((mac, piece) => mac.update(piece), createHmac('sha256', SECRET));

/** How each sender signs, and how to verify that in JavaScript. */
const SENDERS = {
  github: {
    headers: (body) => ({ 'x-hub-signature-256': `sha256=${hmac(body).digest('hex')}` }),
    isSigned({ 'x-hub-signature-256': sent }, body) {
      return sent !== undefined && sent.startsWith('sha256=') && isEqual(sent.slice(7), hmac(body).digest());
    },
  },
  stripe: {
    headers(body) {
      const time = Math.floor(Date.now() / 1000);
      return { 'stripe-signature': `t=${time},v1=${hmac(`${time}.`, body).digest('hex')}` };
    },
    isSigned({ 'stripe-signature': sent = '' }, body) {
      const elements = sent.split(',');
      const time = elements.find((element) => element.startsWith('t='))?.slice(2);
      if (time === undefined || !(Math.abs(Date.now() / 1000 - Number(time)) <= 300)) return false;
      const expected = hmac(`${time}.`, body).digest();
      return elements.some((element) => element.startsWith('v1=') && isEqual(element.slice(3), expected));
    },
  },
};
const SENDER = { 'GitHub push': 'github', 'Stripe event': 'stripe', 'order list': 'github' };

function isEqual(hex, expected) {
  const sent = Buffer.from(hex, 'hex');
  return sent.length === expected.length && timingSafeEqual(sent, expected);
}

const JSON_TYPE = /^application\/(?:json|[^;]+\+json)\s*(?:;\s*charset="?utf-?8"?\s*)?$/i;

function javascript(sender, paths) {
  const { isSigned } = SENDERS[sender];
  const accessors = paths.map((path, index) => [`body_$${index}`, accessor(path)]);
  return (req, body) => {
    const { method, headers, url } = req;
    if (method !== 'POST') return { status: 405 };
    if (body.length > LIMIT) return { status: 413 };
    if (!isSigned(headers, body)) return { status: 401 };
    if (headers['content-encoding'] !== undefined || !JSON_TYPE.test(headers['content-type'])) return { status: 415 };
    if (!isUtf8(body)) return { status: 400 };
    let parsed;
    try {
      parsed = JSON.parse(body);
    } catch {
      return { status: 400 };
    }
    const at = url.indexOf('?');
    const context = { headers: {}, query: at < 0 ? {} : qs.parse(url.slice(at + 1), QS_OPTIONS), body: {} };
    for (const [name, read] of accessors) {
      const value = read(parsed);
      if (value !== undefined) context.body[name] = value;
    }
    return { context: JSON.stringify(context) };
  };
}

/** Loads the server's own code, which is TypeScript. */
async function server() {
  const { outputFiles } = await build({
    stdin: {
      contents: "export * from './judge'; export { JudgingQueue } from './JudgingQueue';",
      resolveDir: join(root, 'src/server/receive'),
    },
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
  });
  return import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
}

export async function run(options) {
  // A body that is being judged on another thread keeps no process alive.
  const alive = setInterval(() => {}, 60_000);
  return measure(options).finally(() => clearInterval(alive));
}

async function measure({ log, quick }) {
  const { headOf, judgeWith, JudgingQueue } = await server();
  const queue = new JudgingQueue(LIMIT);
  const rows = [];
  for (const [kind, { make, paths }] of Object.entries(KINDS)) {
    const sender = SENDER[kind];
    const wanted = paths.slice(0, 10);
    const config = {
      authentication: [{ preset: sender, secrets: [SECRET] }],
      request: { keep: 'listed', body: wanted.map((key, index) => ({ key, _var: `body_$${index}` })) },
    };
    const endpoint = new native.Endpoint(JSON.stringify(config), LIMIT);
    const compiled = {
      endpoint,
      judge: endpoint.judgeFunction(),
      headerNames: endpoint.headerNames,
      signsUrl: endpoint.signsUrl,
      limit: endpoint.limit,
    };
    const inJavascript = javascript(sender, wanted);
    for (const [size, bytes] of Object.entries(SIZES)) {
      log(`${kind}, ${size}`);
      const body = Buffer.from(make(bytes));
      if (body.length > LIMIT) continue;
      const headers = { 'content-type': 'application/json', ...SENDERS[sender].headers(body) };
      const req = await arrived('/api/webhook:trigger/1hfmkioou0d', headers, body);
      const judged = (bytes) => judgeWith(queue, compiled, compiled, headOf(compiled, req, ''), bytes, false);
      const [ours, theirs] = [() => judged(body), () => inJavascript(req, body)];
      assert.deepStrictEqual(JSON.parse((await ours()).context), JSON.parse(theirs().context));
      const forged = Buffer.from(body);
      forged[forged.length - 2] ^= 1;
      assert.equal((await judged(forged)).status, 401);
      assert.equal(inJavascript(req, forged).status, 401);
      const [ourTime, theirTime] = await sideBySide([ours, theirs], quick);
      rows.push({
        group: `${kind}, signed as ${sender === 'github' ? 'GitHub' : 'Stripe'} does`,
        case: size,
        metric: 'time of a request',
        unit: 'ns',
        ours: ourTime,
        theirs: theirTime,
        ratio: theirTime / ourTime,
        goal: size === '0.3 KB' ? 3 : 2.2,
      });
    }
  }
  return rows;
}
