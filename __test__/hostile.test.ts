// Arguments that run code while they are read, and memory that JavaScript frees. What could crash the process runs in another
// one.
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import {
  Body,
  checkConfig,
  Endpoint,
  extractPaths,
  judge,
  matchAddress,
  verifyBasicAuth,
  verifySignature,
} from '../index';

const root = join(__dirname, '..');
const json = { 'content-type': 'application/json' };

/** Runs a script that sees the exports as `addon`, and returns what it gives to `tell`. */
function inProcess(script: string): unknown {
  const prelude = `
    const addon = require('./index.js');
    const tell = (value) => console.log(JSON.stringify(value));
    const thrown = (work) => { try { return work(); } catch (error) { return error.name + ': ' + error.message; } };
    const detach = ({ buffer }) => { structuredClone(buffer, { transfer: [buffer] }); gc(); };
    const endless = Object.setPrototypeOf(new Array(2 ** 32 - 1), new Proxy([], { get: () => 'a', has: () => true }));
    const limits = Object.fromEntries(
      ['batchEvents', 'batchBytes', 'lingerMs', 'queueEvents', 'queueBytes', 'storeTimeoutMs', 'abandoned', 'permits', 'runQueue']
        .concat(['runWaitMs', 'runTimeoutMs', 'startShare', 'startWindowMs', 'startBurstMs', 'startQuietMs', 'startWaiting'])
        .concat(['slots', 'claimEvents', 'claimMs', 'claimRestMs'])
        .map((name) => [name, 1000]),
    );
    const huge = () => [new Array(2 ** 32 - 1), new Array(2 ** 31), endless];
  `;
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', '-e', prelude + script], {
    cwd: root,
    encoding: 'utf8',
  });
  expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
  return JSON.parse(stdout);
}

describe('a body whose memory is freed while the request is read', () => {
  it.each([
    ['judge', 'addon.judge({}, request)'],
    ['verifySignature', `addon.verifySignature('github', ['s'], request, 0)`],
  ])('%s throws a TypeError if a getter transfers it', (_, call) => {
    const script = `
      const body = new Uint8Array(1 << 20).fill(0x20);
      const request = { body, get headers() { detach(body); return {}; } };
      tell(thrown(() => ${call}));`;
    expect(inProcess(script)).toBe(
      'TypeError: expected request.body to be bytes, but found an array whose memory was transferred',
    );
  });

  it.each([
    ['judge', 'addon.judge({}, request).accepted', false],
    ['verifySignature', `addon.verifySignature('github', ['s'], request, 0).ok`, false],
  ])('%s reads what is left if a getter resizes it', (_, call, expected) => {
    const script = `
      const buffer = new ArrayBuffer(1 << 20, { maxByteLength: 1 << 20 });
      const body = new Uint8Array(buffer);
      const headers = ${JSON.stringify(json)};
      const request = { body, get headers() { buffer.resize(8); return headers; } };
      tell(${call});`;
    expect(inProcess(script)).toBe(expected);
  });

  it('extractPaths throws a TypeError if an element of the paths transfers it', () => {
    const script = `
      const body = new Uint8Array(1 << 20).fill(0x20);
      const paths = Object.defineProperty(['a'], 0, { get() { detach(body); return 'a'; } });
      tell(thrown(() => addon.extractPaths(body, paths)));`;
    expect(inProcess(script)).toMatch(/^TypeError: expected body to be bytes/);
  });
});

test('judges a body on another thread as it was passed, even if its memory is changed or freed', () => {
  const script = `
    const endpoint = new addon.Endpoint('{}', 1 << 22);
    const head = 'POST\\n\\n/\\n\\ncontent-type\\napplication/json\\n1';
    const text = JSON.stringify({ a: 'x'.repeat(1 << 20) });
    const attacks = [
      (body) => body.fill(0),
      (body) => detach(body),
      (body) => body.buffer.resize?.(0),
    ];
    const judged = attacks.flatMap((attack) => [ArrayBuffer, SharedArrayBuffer].map(async (Memory) => {
      const body = new Uint8Array(new Memory(text.length, { maxByteLength: text.length }));
      body.set(Buffer.from(text));
      const here = endpoint.judgeOffThread(head, body);
      const diagnosed = endpoint.diagnose({ url: '/', headers: Object.entries(${JSON.stringify(json)}).flat(), body });
      if (Memory === ArrayBuffer || attack === attacks[0]) attack(body);
      const { context } = await here;
      return JSON.stringify(JSON.parse(context).body) === text && JSON.parse(await diagnosed).accepted;
    }));
    // What is judged there keeps no process alive.
    const alive = setInterval(() => {}, 1000);
    Promise.all(judged).then(tell).finally(() => clearInterval(alive));`;
  expect(inProcess(script)).toEqual([true, true, true, true, true, true]);
});

describe('Body', () => {
  const endpoint = new Endpoint('{}', 1_000_000);
  const head = 'POST\n\n/\n\ncontent-type\napplication/json\n1';

  it('is judged like a Buffer with the same bytes', async () => {
    const body = new Body(10);
    expect(body.append(Buffer.from('[1,'))).toBe(3);
    expect(body.append(new Uint8Array([50, 93]))).toBe(5);
    expect([body.length, body.capacity]).toEqual([5, 10]);
    expect(await endpoint.judgeOffThread(head, body)).toEqual(
      await endpoint.judgeOffThread(head, Buffer.from('[1,2]')),
    );
    body.clear();
    expect(body.length).toBe(0);
  });

  it('rejects pieces that do not fit or are not bytes', () => {
    const body = new Body(2);
    expect(() => body.append(Buffer.from('abc'))).toThrow(
      new TypeError('expected piece to be no larger than the room that is left'),
    );
    expect(() => body.append('ab' as never)).toThrow(TypeError);
    expect(body.length).toBe(0);
  });

  it('counts for the garbage collector with the bytes it holds, not with the room it has', () => {
    const script = `
      const { PerformanceObserver, constants } = require('node:perf_hooks');
      let collections = 0;
      const isMajor = ({ detail }) => detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
      new PerformanceObserver((list) => { collections += list.getEntries().filter(isMajor).length; })
        .observe({ entryTypes: ['gc'] });
      const counted = async (work) => {
        const before = collections;
        work();
        await new Promise((done) => setTimeout(done, 100));
        return collections > before;
      };
      const piece = Buffer.alloc(1 << 20);
      (async () => {
        let bodies;
        const room = await counted(() => { bodies = Array.from({ length: 200 }, () => new addon.Body(10 << 20)); });
        const bytes = await counted(() => bodies.forEach((body) => body.append(piece)));
        tell({ room, bytes });
      })();`;
    expect(inProcess(script)).toEqual({ room: false, bytes: true });
  });

  it('can be emptied and filled again while it is judged', async () => {
    const body = new Body(500_000);
    const text = JSON.stringify(['x'.repeat(400_000)]);
    body.append(Buffer.from(text));
    const judged = endpoint.judgeOffThread(head, body);
    expect(() => body.append(Buffer.from('1'))).toThrow(
      new TypeError("expected body to be one that isn't being judged"),
    );
    body.clear();
    body.append(Buffer.from('{'));
    const { context } = (await judged) as { context: string };
    expect(JSON.parse(context)).toMatchObject({ body: JSON.parse(text) });
  });
});

describe('an array with a length that no memory could hold', () => {
  it.each([
    ['extractPaths', `addon.extractPaths('{}', list)`],
    ['matchAddress', `addon.matchAddress(list, '192.0.2.1')`],
    ['the secrets of verifySignature', `addon.verifySignature('github', list, { headers: {} }, 0)`],
    ['the headers of verifySignature', `addon.verifySignature('github', ['s'], { headers: list }, 0)`],
    ['the headers of judge', 'addon.judge({}, { headers: list })'],
    ['a header of judge', 'addon.judge({}, { headers: { a: list } })'],
    ['the configuration of judge', 'addon.judge({ request: { body: list } }, {})'],
    ['checkConfig', 'addon.checkConfig(list)'],
    ['shape', 'endpoint.shape(list)'],
    ['diagnose', `endpoint.diagnose({ url: '/', headers: list })`],
    ['acknowledge', `endpoint.acknowledge({ status: 200, headers: list, body: '' }, 0, new Uint8Array(16))`],
  ])('throws a TypeError in %s', (_, call) => {
    const script = `const endpoint = new addon.Endpoint('{}', 1000); tell(huge().map((list) => thrown(() => ${call})));`;
    for (const error of inProcess(script) as string[]) expect(error).toMatch(/^TypeError: expected .* 100000 /);
  });

  it.each([
    ['buildReply', 'addon.buildReply(value)'],
    ['buildEventReply', 'addon.buildEventReply(value)'],
    ['refuse', 'addon.refuse(value)'],
    ['readHead', 'addon.readHead(value)'],
    ['inferPathsOffThread', "addon.inferPathsOffThread(value, 'json')"],
    ['diagnose', 'addon.diagnose(value, 1, {})'],
    ['Endpoint', 'new addon.Endpoint(value, 1)'],
    ['Endpoint.clientAddress', 'endpoint.clientAddress(value)'],
    ['Endpoint.judgeOffThread', 'endpoint.judgeOffThread(value, new Uint8Array(1))'],
    ['Endpoint.shape', 'endpoint.shape([], value)'],
  ])('%s throws a TypeError for it instead of a string, without looking into it', (_, call) => {
    const script = `
      const endpoint = new addon.Endpoint('{}', 1000);
      const looked = [];
      const traps = new Proxy({}, { get: (_, trap) => { looked.push(trap); } });
      const value = new Proxy(new Array(2 ** 32 - 1), traps);
      tell([thrown(() => ${call}), looked]);`;
    expect(inProcess(script)).toEqual(['TypeError: expected an argument to be a string', []]);
  });

  it('fails the batch that a store returns it for', () => {
    const script = `
      const store = async () => ({ kind: 'stored', start: new Array(2 ** 32 - 1) });
      const settle = (tickets, outcome) => { tell([tickets, outcome.kind]); clearTimeout(alive); };
      const alive = setTimeout(() => {}, 10000);
      const none = async () => {};
      new addon.Dispatcher(limits, store, settle, none, none, none, none).submitFunction()(7, 1);`;
    expect(inProcess(script)).toEqual([[7], 'unavailable']);
  });
});

test('survives what a callback of a dispatcher throws', () => {
  const script = `
    const fail = () => { throw new Error('mine'); };
    const settle = () => { setImmediate(() => { tell('alive'); clearTimeout(alive); }); fail(); };
    const alive = setTimeout(() => {}, 10000);
    new addon.Dispatcher(limits, fail, settle, fail, fail, fail, fail).submitFunction()(7, 1);`;
  expect(inProcess(script)).toBe('alive');
});

describe('a configuration that JSON would lose a part of', () => {
  const basic = { username: 'u', password: 'p' };
  const lossy: Array<[string, unknown]> = [
    ['a Map', new Map([['basicAuthentication', basic]])],
    ['a Map behind a proxy', new Proxy(new Map(), {})],
    ['a Map inside', { basicAuthentication: new Map(Object.entries(basic)) }],
    ['a function', { basicAuthentication: () => basic }],
    ['a symbol', { basicAuthentication: Symbol('s') }],
    ['NaN', { basicAuthentication: NaN }],
    ['a BigInt', { basicAuthentication: 1n }],
    ['half of a surrogate pair', { basicAuthentication: { ...basic, password: 'p\ud800' } }],
    ['undefined from toJSON', { toJSON: () => undefined }],
  ];

  it.each(lossy)('throws a TypeError for %s', (_, config) => {
    expect(() => judge(config, {})).toThrow(TypeError);
    expect(() => checkConfig(config)).toThrow(TypeError);
  });

  it('throws a TypeError for a cycle and for more than 127 levels', () => {
    const cycle: Record<string, unknown> = {};
    cycle.response = cycle;
    expect(() => checkConfig(cycle)).toThrow(new RegExp('to be at most 127 levels deep$'));
  });

  it('names the place, and throws what a getter throws', () => {
    expect(() => checkConfig({ request: { body: [{ key: NaN }] } })).toThrow(
      new TypeError('expected config.request.body[0].key to be a finite number'),
    );
    const error = new RangeError('mine');
    const throwing = {
      get request() {
        throw error;
      },
    };
    expect(() => checkConfig(throwing)).toThrow(error);
  });

  it('reads one with `toJSON`, of another realm or without a prototype', () => {
    const config = { basicAuthentication: { toJSON: () => basic, username: 1 } };
    expect(judge(config, {})).toMatchObject({ accepted: false, code: 'UNAUTHORIZED' });
    const bare = Object.assign(Object.create(null) as object, { basicAuthentication: basic, response: undefined });
    expect(judge(bare, {})).toMatchObject({ accepted: false, code: 'UNAUTHORIZED' });
  });
});

describe('arguments that look like others', () => {
  it('reads shared memory', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(7));
    shared.set(Buffer.from('{"a":1}'));
    expect(extractPaths(shared, ['a'])).toEqual({ ok: true, values: { a: 1 } });
    expect(judge({}, { headers: json, body: shared })).toMatchObject({ accepted: true });
  });

  it('throws a TypeError for headers whose content would be lost', () => {
    for (const headers of [new Map([['a', 'b']]), new Headers({ a: 'b' }), new URLSearchParams('a=b')]) {
      expect(() => judge({}, { headers: headers as never })).toThrow(
        new TypeError('expected request.headers to be a plain object'),
      );
    }
  });

  it('throws a TypeError for a request that is an array', () => {
    expect(() => judge({}, [] as never)).toThrow(new TypeError('expected request to be an object'));
  });

  it('never reads a header from a prototype', () => {
    const headers = Object.setPrototypeOf({}, { authorization: 'Basic dTpw', __proto__: null }) as Record<
      string,
      string
    >;
    const config = { basicAuthentication: { username: 'u', password: 'p' } };
    expect(judge(config, { headers })).toMatchObject({ accepted: false });
  });

  it('throws a TypeError for half of a surrogate pair, which would equal another text in UTF-8', () => {
    const authorization = `Basic ${Buffer.from('u:\ufffd').toString('base64')}`;
    expect(verifyBasicAuth(authorization, 'u', '\ufffd')).toBe(true);
    expect(() => verifyBasicAuth(authorization, 'u', '\ud800')).toThrow(TypeError);
    expect(() => matchAddress(['192.0.2.1'], '\ud800')).toThrow(TypeError);
    expect(() => verifySignature('github', ['\udfff'], { headers: {} }, 0)).toThrow(TypeError);
  });
});

test('turns a panic of any exported function into an Error', () => {
  const sources = readdirSync(join(root, 'src/native'), { encoding: 'utf8', recursive: true }).filter((file) =>
    file.endsWith('.rs'),
  );
  const exports = sources.flatMap((file) => {
    const source = readFileSync(join(root, 'src/native', file), 'utf8');
    // An attribute, what is said about the function in between, and the function.
    return [
      ...source.matchAll(
        /#\[napi\b((?:(?!#\[napi\b)[^])*?)\]\n((?:\s*(?:\/\/\/.*|#\[(?!napi\b).*\])\n)*)\s*pub (?:async )?fn (\w+)/g,
      ),
    ];
  });
  expect(exports.length).toBeGreaterThan(30);
  const without = exports.filter(([, attribute]) => !attribute.includes('catch_unwind')).map(([, , , name]) => name);
  expect(without).toEqual([]);
});
