// Endpoints as the server uses them: compiled once, then called with a request's head as one string.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Endpoint, judge } from '../index.js';

const LIMIT = 1_000_000;
const config = {
  request: {
    headers: [{ key: 'X-Name' }, { key: 'X-Tag' }],
    body: [{ key: 'order.id', _var: 'id' }, { key: 'order.tags' }],
  },
};
const endpoint = new Endpoint(JSON.stringify(config), LIMIT);
const judgeNow = endpoint.judgeFunction();

const headOf = (url: string, headers: string[][], method = 'POST', path = '') =>
  [method, path, url, '192.0.2.7', ...headers.flat(), String(headers.length)].join('\n');

const json = ['content-type', 'application/json'];
const requests: Array<[string, string, string[][], string]> = [
  ['a body with the variables', 'http://a/b?c=1', [json], '{"order":{"id":7,"tags":["a"]}}'],
  ['a body without them', 'http://a/b', [json], '{}'],
  ['no body', 'http://a/b', [], ''],
  ['text beyond ASCII', 'http://a/b?n=%C3%A9', [json, ['x-name', 'Zoë 🙂']], '{"order":{"id":"Zoë 🙂"}}'],
  ['a repeated header', 'http://a/b', [json, ['x-tag', 'a'], ['x-tag', 'b']], '{}'],
  ['a head of more than a kilobyte', `http://a/b?q=${'x'.repeat(3000)}`, [json], '{"order":{"id":1}}'],
  ['a head that ends a character before a kilobyte', `http://a/b?q=${'é'.repeat(480)}`, [json], '{"order":{"id":1}}'],
  ['malformed JSON', 'http://a/b', [json], '{"a":}'],
  ['an unsupported content type', 'http://a/b', [['content-type', 'image/png']], 'x'],
];

test.each(requests)('judges %s like `judge`, on this thread and on another one', async (_, url, pairs, body) => {
  const headers: Record<string, string[]> = {};
  for (const [name, value] of pairs) (headers[name] ??= []).push(value);
  const expected = judge(config, { method: 'POST', url, headers, body });
  const head = headOf(url, pairs);
  const verdict = judgeNow(head, Buffer.from(body));
  const here = typeof verdict === 'string' ? { kind: 'event', context: verdict } : verdict;
  const there = await endpoint.judgeOffThread(head, Buffer.from(body));
  for (const judged of [here, there]) {
    if (expected.accepted) {
      expect('context' in judged && JSON.parse(judged.context)).toEqual(expected.variables);
    } else {
      expect(judged).toMatchObject({ status: expected.status, code: expected.code, body: expected.body });
    }
  }
});

const reject = (more: object) => new Endpoint(JSON.stringify(more), LIMIT).checkHeadFunction();
const credentials = { basicAuthentication: { username: 'u', password: 'p' } };
const sent = ['authorization', `Basic ${btoa('u:p')}`];
const heads: Array<[string, object, string[][], number | undefined, string?, string?, number?]> = [
  ['nothing to reject', {}, [], undefined],
  ['a path with too many segments', {}, [], 404, 'POST', 'more'],
  ['another method', {}, [], 405, 'PUT'],
  ['a body of the largest size', {}, [], undefined, 'POST', '', LIMIT],
  ['one byte more', {}, [], 413, 'POST', '', LIMIT + 1],
  ['an address that is not in the allowlist', { addresses: { allow: ['203.0.113.0/24'] } }, [], 403],
  ['no credentials', credentials, [], 401],
  ['wrong credentials', credentials, [['authorization', `Basic ${btoa('u:P')}`]], 401],
  ['right ones', credentials, [sent], undefined],
  ['a wrong size before wrong credentials', credentials, [], 413, 'POST', '', LIMIT + 1],
  [
    'no credentials besides a signature, which needs the body',
    { ...credentials, authentication: [{ preset: 'github', secrets: ['s'] }] },
    [],
    401,
  ],
];

test.each(heads)('checks a head without its body: %s', (_, more, pairs, status, method, path, length = 0) => {
  expect(reject(more)(headOf('http://a/b', pairs, method, path), length)?.status).toBe(status);
});

test('says in which order the events of a webhook are executed', () => {
  const of = (execution: unknown) => new Endpoint(JSON.stringify({ execution }), LIMIT);
  expect([of(undefined).parallel, of({ order: 'parallel' }).parallel]).toEqual([1, 4]);
  const keyed = of({ order: { by: 'order.id' }, parallel: 8 });
  expect([keyed.runsByKey, of({ order: 'parallel' }).runsByKey]).toEqual([true, false]);
  const lane = (id: unknown) => keyed.keyLane(JSON.stringify({ body: { order: { id } } }));
  expect([lane(1), lane('1'), lane(2)]).toEqual([lane(1.0), lane('1'), lane(2)]);
  expect(lane(1)).not.toBe(lane(2));
  expect(() => (keyed.keyLane as (context: unknown) => number)(1)).toThrow(TypeError);
});

test('returns the idempotency key of an event', () => {
  const keyed = new Endpoint(JSON.stringify({ idempotency: { source: 'header', key: 'X-Id' } }), LIMIT);
  expect(keyed.judgeFunction()(headOf('http://a/b', [['x-id', 'e1']]), Buffer.alloc(0))).toEqual({
    kind: 'event',
    context: '{"headers":{"x-id":"e1"},"query":{}}',
    idempotencyKey: 'e1',
  });
});

test('rejects a head in which a line break would add a header', async () => {
  const body = Buffer.from('{}');
  for (const text of ['a\nx-tag\nb', 'a\nb', '\n']) {
    const head = headOf('http://a/b', [json, ['x-name', text]]);
    expect(() => judgeNow(head, body)).toThrow(TypeError);
    expect(() => endpoint.checkHeadFunction()(head, 2)).toThrow(TypeError);
    await expect(endpoint.judgeOffThread(head, body)).rejects.toThrow('expected head to be');
  }
});

test('throws a TypeError for arguments of another type', () => {
  const judgeAny = judgeNow as (...values: unknown[]) => unknown;
  const head = headOf('http://a/b', []);
  for (const values of [[], [head], [head, 'body'], [1, Buffer.alloc(0)], ['', Buffer.alloc(0)], [head, null]]) {
    expect(() => judgeAny(...values)).toThrow(TypeError);
  }
  const checkAny = endpoint.checkHeadFunction() as (...values: unknown[]) => unknown;
  for (const values of [[], [head], [head, '1'], [1, 1], ['', 0]]) {
    expect(() => checkAny(...values)).toThrow(TypeError);
  }
});

/** Begins to judge a body that takes seconds, in as many ways as there are. */
const JUDGES = `
  const { Endpoint, diagnose, inferPathsOffThread } = require(${JSON.stringify(join(__dirname, '../index.js'))});
  const text = '[' + '{"a":[1,2,3]},'.repeat(3e6) + '0]';
  const body = Buffer.from(text);
  const endpoint = new Endpoint('{"request":{"body":[{"key":"[].a"}]}}', body.length);
  const request = { url: '/', headers: ['content-type', 'application/json'], body };
  const judging = [
    endpoint.judgeOffThread('POST\\n\\n/\\n\\ncontent-type\\napplication/json\\n1', body),
    endpoint.diagnose(request),
    diagnose('{}', body.length, request),
    inferPathsOffThread(text, 'json'),
  ];
`;

test('a process ends without waiting for a body that is being judged', () => {
  const script = `${JUDGES}
    for (const judged of judging) judged.finally(() => console.log('judged'));
    console.log('begun');
  `;
  expect(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' })).toBe('begun\n');
});

test('a worker can be terminated while a body is being judged', () => {
  const worker = `${JUDGES} setInterval(() => {}, 1000); require('node:worker_threads').parentPort.postMessage('begun');`;
  const script = `
    const worker = new (require('node:worker_threads').Worker)(${JSON.stringify(worker)}, { eval: true });
    worker.once('message', (message) => {
      console.log(message);
      // Long enough for the threads to find that nobody waits any more.
      worker.terminate().then(() => setTimeout(() => console.log('terminated'), 3000));
    });
  `;
  expect(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' })).toBe('begun\nterminated\n');
});
