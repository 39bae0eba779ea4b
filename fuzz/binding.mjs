// Calls the addon's exports with generated JavaScript values, most of them hostile: arrays whose memory is transferred, resized
// or shared while they are read, getters, proxies, forged lengths, foreign objects. `npm run fuzz:binding` runs this in a Node
// with the address sanitizer. Options: `--seed`, `--seconds` and `--cases`.
//
// The printed number of a case is its seed: `npm run fuzz:binding -- --seed <number> --cases 1` repeats it.
import { createRequire } from 'node:module';
import { ftruncateSync, openSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import vm from 'node:vm';

const addon = createRequire(import.meta.url)('../index.js');

const { values: options } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '60' },
    cases: { type: 'string', default: String(Number.MAX_SAFE_INTEGER) },
    progress: { type: 'string' },
  },
});

/** Thrown by getters and callbacks. Anything else that is thrown has to be an Error of the addon or of JavaScript itself. */
const THROWN = { thrown: 'on purpose' };

/** Known only to the configurations below, so no generated request may be accepted by them. */
const PASSWORD = 'only the configuration knows it';
const closed = [
  { basicAuthentication: { username: 'u', password: PASSWORD } },
  { authentication: [{ preset: 'github', secrets: [PASSWORD] }] },
  { authentication: [{ scheme: { kind: 'token', from: { header: 'x-token' } }, secrets: [PASSWORD] }] },
];
const open = [
  {},
  { request: { headers: [{ key: 'x-a' }], query: [{ key: 'q' }], body: [{ key: 'a[].b' }, { key: 'c', _var: 'v' }] } },
  { idempotency: { source: 'header', key: 'x-id' }, addresses: { allow: ['192.0.2.0/24'] } },
  { files: { save: true }, request: { methods: ['POST', 'PUT'], body: [{ key: 'file' }] } },
];

/** Generates pseudo-random numbers (mulberry32). */
function generator(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (count) => Math.floor(next() * count);
  return { below, one: (list) => list[below(list.length)], chance: (share) => next() < share };
}

/** Generates the values of one case and attacks them. */
class Case {
  constructor(seed) {
    this.random = generator(seed);
    /** The arrays that were passed to the addon. */
    this.victims = [];
  }

  // ---- bytes

  text() {
    const { random } = this;
    const texts = [
      () => '',
      () => 'a',
      () => '{"a":[{"b":1},{"b":"é🙂"}],"c":null}',
      () => 'a[b]=1&a[]=2&q=%F0%9F%99%82',
      () => '--x\r\nContent-Disposition: form-data; name="file"; filename="f.txt"\r\n\r\nabc\r\n--x--\r\n',
      () => '\ud800',
      () => 'x\udfff\ufffd',
      () => '['.repeat(random.below(3000)),
      () => 'é'.repeat(random.below(1200)),
      () => `192.0.2.${random.below(256)}/${random.below(40)}`,
      () =>
        random.one(['x-a', 'x-token', 'authorization', 'content-type', 'application/json', 'Basic dTpw', '__proto__']),
      () => random.one(['json', 'query', 'github', 'stripe', 'notFound', 'POST', 'multipart/form-data; boundary=x']),
      () => JSON.stringify(random.one([...open, ...closed])),
      () => String.fromCharCode(...Array.from({ length: random.below(20) }, () => random.below(65536))),
    ];
    return random.one(texts)();
  }

  bytes() {
    const { random } = this;
    const content = Buffer.from(random.chance(0.1) ? 'x'.repeat(random.below(200_000)) : this.text());
    const into = (buffer, offset = 0) => {
      const array = new Uint8Array(buffer, offset);
      array.set(content.subarray(0, array.length));
      return array;
    };
    const { length } = content;
    const array = random.one([
      () => content,
      () => Buffer.from(new Uint8Array(content).buffer),
      () => into(new ArrayBuffer(length)),
      () => into(new ArrayBuffer(length + 8), 8),
      () => into(new ArrayBuffer(length, { maxByteLength: length + 64 })),
      () => into(new SharedArrayBuffer(length)),
      () => into(new SharedArrayBuffer(length, { maxByteLength: length + 64 })),
      () => new Uint8Array(new ArrayBuffer(length, { maxByteLength: length + 64 }), 0, length),
      () => new Uint8Array(0),
    ])();
    this.victims.push(array);
    if (random.chance(0.03)) this.attack();
    return array;
  }

  /** Attacks the memory of an array in the ways that JavaScript allows. */
  attack() {
    const { random } = this;
    if (this.victims.length === 0) return;
    const array = random.one(this.victims);
    const { buffer } = array;
    // Spares Node's own pool of small buffers, which stays in use.
    if (buffer.byteLength === Buffer.poolSize) return;
    const attacks = [
      () => array.fill(random.below(256)),
      () => structuredClone(buffer, { transfer: [buffer] }),
      () => (structuredClone(buffer, { transfer: [buffer] }), globalThis.gc({ type: 'minor' })),
      () => buffer.transfer(random.below(2)),
      () => buffer.transferToFixedLength(),
      () => buffer.resize(random.below(2) * buffer.maxByteLength),
      () => buffer.grow(buffer.maxByteLength),
    ];
    try {
      random.one(attacks)();
    } catch {
      // Not every kind of memory allows every attack.
    }
  }

  // ---- hostile values

  any(depth = 3) {
    const { random } = this;
    const leaf = [
      () => random.one([undefined, null, true, false, 0, -0, 1, -1, 0.5, NaN, Infinity, 2 ** 32, 2 ** 53, 1e308]),
      () => random.one([10n, Symbol('s'), () => 1, class {}, new Date(NaN), /x/, new Map([['a', 1]]), new Set(['a'])]),
      () =>
        random.one([Object(1n), Object(Symbol('s')), new String('x'), Promise.resolve(1), new WeakMap(), globalThis]),
      () =>
        random.one([
          new DataView(new ArrayBuffer(8)),
          new Float64Array(4),
          new Uint8ClampedArray(4),
          new ArrayBuffer(4),
        ]),
      () => random.one([instances.endpoint, instances.body, addon.Endpoint, Object.create(instances.endpoint)]),
      () =>
        random.one([
          vm.runInNewContext('({ a: [1] })'),
          vm.runInNewContext('["a"]'),
          vm.runInNewContext('new Uint8Array(9)'),
        ]),
      () => this.text(),
      () => this.bytes(),
      () => this.hugeList(),
      () => this.deep(),
    ];
    if (depth === 0 || random.chance(0.5)) return random.one(leaf)();
    const inner = () => this.any(depth - 1);
    return random.one([
      () => this.list(inner),
      () => this.record({ [this.text()]: inner(), a: inner(), toJSON: random.chance(0.2) ? inner() : undefined }),
      () => Object.setPrototypeOf({ a: inner() }, random.one([null, [], addon.Endpoint.prototype, { b: inner() }])),
      () => new Proxy(random.one([{}, [], () => 1, new Map()]), this.traps(inner)),
    ])();
  }

  /** Returns an array with an enormous `length`. */
  hugeList() {
    const { random } = this;
    const list = new Array(random.one([2 ** 32 - 1, 2 ** 31, 1_000_000, 100_001]));
    const like = { length: random.one([2 ** 32 - 1, 2 ** 53, Infinity, -1, NaN]), 0: 'a' };
    // Each element comes from the prototype.
    const endless = Object.setPrototypeOf(new Array(2 ** 32 - 1), new Proxy([], { get: () => 'x', has: () => true }));
    return random.one([list, like, endless, new Proxy(list, {})]);
  }

  deep() {
    const { random } = this;
    let value = {};
    const levels = random.one([100, 127, 128, 20_000]);
    for (let level = 0; level < levels; level++) value = random.chance(0.5) ? [value] : { a: value };
    if (random.chance(0.2)) value.cycle = value;
    return value;
  }

  traps(inner) {
    const { random } = this;
    const trap = () => {
      this.attack();
      if (random.chance(0.2)) throw THROWN;
      return inner();
    };
    return {
      get: trap,
      ...(random.chance(0.3) ? { getPrototypeOf: () => random.one([null, Object.prototype, Map.prototype]) } : {}),
      ...(random.chance(0.3) ? { ownKeys: () => random.one([[], ['a', 'b'], ['a', Symbol('s')], 1]) } : {}),
      ...(random.chance(0.3) ? { has: trap } : {}),
    };
  }

  /** Returns a list of values created by `item`, some of them behind getters. */
  list(item, length = this.random.below(5)) {
    if (this.random.chance(0.04)) return this.hugeList();
    const list = Array.from({ length }, item);
    return this.hostile(list);
  }

  record(members) {
    return this.hostile(Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)));
  }

  /** Puts attacks behind some members of an object. */
  hostile(object) {
    const { random } = this;
    for (const [key, value] of Object.entries(object)) {
      if (!random.chance(0.25)) continue;
      const get = () => {
        this.attack();
        if (random.chance(0.04)) throw THROWN;
        return value;
      };
      Object.defineProperty(object, key, { get, enumerable: true, configurable: true });
    }
    if (!random.chance(0.1)) return object;
    return new Proxy(object, {
      get: (target, key) => (this.attack(), Reflect.get(target, key)),
      ownKeys: (target) => (this.attack(), Reflect.ownKeys(target)),
    });
  }

  /** Returns an expected value, or occasionally anything else. */
  or(expected) {
    return this.random.chance(0.04) ? this.any() : expected();
  }

  // ---- arguments

  texts() {
    return this.or(() => this.list(() => this.or(() => this.text())));
  }

  body() {
    return this.or(() => (this.random.chance(0.2) ? this.text() : this.bytes()));
  }

  headers() {
    const { random } = this;
    const name = () => this.or(() => random.one(['x-a', 'X-Token', 'authorization', 'content-type', 'x-id']));
    const value = () =>
      this.or(() => random.one(['application/json', 'a', 'multipart/form-data; boundary=x', this.text()]));
    return this.or(
      random.one([
        () => this.list(() => (random.chance(0.5) ? name() : value()), 2 * random.below(4)),
        () => this.list(() => this.list(() => value(), 2)),
        () => this.hostile({ 'content-type': 'application/json', 'x-token': 'a' }),
        () => this.record({ 'content-type': value(), 'x-token': value(), 'x-a': this.texts(), authorization: value() }),
      ]),
    );
  }

  request() {
    const { random } = this;
    const some = (make) => (random.chance(0.5) ? this.or(make) : undefined);
    return this.or(() =>
      this.record({
        body: this.body(),
        method: some(() => random.one(['POST', 'GET'])),
        url: some(() => `http://a/${this.text()}`),
        query: some(() => this.text()),
        address: some(() => '192.0.2.1'),
        headers: this.headers(),
        path: some(() => '/a'),
      }),
    );
  }

  diagnosed() {
    const { random } = this;
    const body = random.chance(0.8) ? this.bytes() : whole(this);
    const headers = this.list(() => random.one(['x-a', 'content-type', 'application/json']), 2 * random.below(4));
    return this.or(() =>
      this.record({
        body: this.or(() => body),
        url: this.or(() => '/?q=1'),
        headers,
        unreadBytes: this.or(() => random.below(100)),
        receivedAtMs: this.or(Date.now),
      }),
    );
  }

  config() {
    return this.or(() => this.hostile(structuredClone(this.random.one([...open, ...closed]))));
  }

  head() {
    const { random } = this;
    const headers = [
      ['content-type', random.one(['application/json', 'multipart/form-data; boundary=x', 'text/plain'])],
    ];
    if (random.chance(0.3)) headers.push(['x-token', 'a']);
    const lines = [random.one(['POST', 'GET']), '', 'http://a/b?q=1', '192.0.2.7', ...headers.flat(), headers.length];
    return this.or(() => lines.join('\n'));
  }
}

const instances = { endpoint: new addon.Endpoint('{}', 1_000_000), body: new addon.Body(100) };

function must(condition, what) {
  if (!condition) throw new Error(`VIOLATED: ${what}`);
}

/** The calls by name; each gets a case and may return a promise. */
const calls = {
  anything: (it) => {
    const [, target] = it.random.one(Object.entries(addon).filter(([, value]) => typeof value === 'function'));
    const values = Array.from({ length: 5 }, () => it.any());
    // Dispatchers outlive the call; they are tested by a separate one.
    if (target === addon.Dispatcher || target === addon.Body) return undefined;
    return it.random.chance(0.9) ? target(...values) : Reflect.construct(target, values, it.any());
  },
  member: (it) => {
    const type = it.random.one([addon.Endpoint, addon.Upload, addon.Body]);
    const members = Object.entries(Object.getOwnPropertyDescriptors(type.prototype)).filter(
      ([name]) => name !== 'constructor',
    );
    const [, { get, value }] = it.random.one(members);
    const self = it.random.chance(0.5) ? it.any() : it.random.one(Object.values(instances));
    return Reflect.apply(get ?? value, self, [it.any(), it.any(), it.any()]);
  },
  inferPaths: (it) =>
    addon.inferPaths(
      it.body(),
      it.or(() => it.random.one(['json', 'query'])),
    ),
  extractPaths: (it) => addon.extractPaths(it.body(), it.texts()),
  parseQuery: (it) => addon.parseQuery(it.body()),
  matchAddress: (it) =>
    addon.matchAddress(
      it.texts(),
      it.or(() => it.text()),
    ),
  checkConfig: (it) => addon.checkConfig(it.config()),
  checkAnswer: (it) => addon.checkAnswer(it.any()),
  judge: (it) => addon.judge(it.config(), it.request()),
  'judge, closed': (it) => {
    must(!addon.judge(it.random.one(closed), it.request()).accepted, 'a request without credentials was accepted');
  },
  verifySignature: (it) => {
    const scheme = it.or(() =>
      it.random.one([...Object.keys(addon.signaturePresets()), closed[2].authentication[0].scheme]),
    );
    attempt(() => addon.verifySignature(scheme, it.texts(), it.request(), it.or(Date.now)));
    const verified = addon.verifySignature(scheme, [PASSWORD], it.request(), it.or(Date.now));
    must(!verified.ok, 'a request without a signature was accepted');
  },
  endpoint: async (it) => {
    const endpoint = new addon.Endpoint(JSON.stringify(it.random.one([...open, ...closed])), 1_000_000);
    const judge = endpoint.judgeFunction();
    const checkHead = endpoint.checkHeadFunction();
    attempt(() =>
      checkHead(
        it.head(),
        it.or(() => it.random.below(2_000_000)),
      ),
    );
    const event = attempt(() =>
      judge(
        it.head(),
        it.or(() => it.bytes()),
      ),
    );
    attempt(() =>
      endpoint.shape(
        it.texts(),
        it.or(() => it.text()),
        it.or(() => it.text()),
      ),
    );
    const reply = attempt(() =>
      addon.buildReply('{"statusCode":200,"headers":[{"name":"x-a","value":"b"}],"body":"c"}'),
    );
    attempt(() =>
      endpoint.acknowledge(
        it.or(() => it.hostile(reply)),
        it.random.below(3),
        it.or(() => it.bytes()),
      ),
    );
    if (event?.upload) {
      event.upload.files();
      attempt(() => event.upload.refuse(it.random.below(10), it.text()));
      attempt(() => event.upload.context(it.texts()));
    }
  },
  judgeOffThread: async (it) => {
    const endpoint = new addon.Endpoint(JSON.stringify(it.random.one([...open, ...closed])), 1_000_000);
    const body = it.or(() => (it.random.chance(0.5) ? it.bytes() : whole(it)));
    const judged = endpoint.judgeOffThread(it.head(), body);
    for (let i = it.random.below(4); i > 0; i--) it.attack();
    if (body instanceof addon.Body) {
      attempt(() => body.append(it.bytes()));
      body.clear();
      attempt(() => body.append(it.bytes()));
    }
    await judged;
  },
  diagnose: async (it) => {
    const endpoint = new addon.Endpoint(JSON.stringify(it.random.one([...open, ...closed])), 1_000_000);
    const diagnosed = endpoint.diagnose(it.diagnosed());
    for (let i = it.random.below(4); i > 0; i--) it.attack();
    await diagnosed;
  },
  dispatcher: async (it) => {
    // The threads of a runtime are expensive.
    if (!it.random.chance(0.05)) return;
    const callback = (expected) => () => {
      if (it.random.chance(0.1)) throw THROWN;
      return it.or(async () => it.or(expected));
    };
    const limits = [
      'batchEvents',
      'batchBytes',
      'lingerMs',
      'queueEvents',
      'queueBytes',
      'storeTimeoutMs',
      'abandoned',
      'permits',
    ];
    limits.push(
      'runQueue',
      'runWaitMs',
      'runTimeoutMs',
      'startShare',
      'startWindowMs',
      'startBurstMs',
      'startQuietMs',
      'startWaiting',
    );
    limits.push('slots', 'claimEvents', 'claimMs', 'claimRestMs');
    const dispatcher = new addon.Dispatcher(
      it.or(() => Object.fromEntries(limits.map((name) => [name, 1 + it.random.below(20)]))),
      callback(() => ({
        kind: it.random.one(['stored', 'unavailable', 'rejected']),
        start: it.list(() => it.random.below(3)),
        reason: 'r',
      })),
      callback(() => undefined),
      callback(() => undefined),
      callback(() => ({ tried: it.random.below(5), claimed: it.list(() => it.random.below(5)) })),
      callback(() => undefined),
      callback(() => undefined),
    );
    attempt(() =>
      dispatcher.addFound(
        it.or(() => it.random.below(3)),
        it.or(() => it.list(() => it.random.below(5))),
      ),
    );
    dispatcher.resume();
    const submit = dispatcher.submitFunction();
    for (let ticket = 0; ticket < 5; ticket++)
      attempt(() =>
        submit(
          it.or(() => ticket),
          it.or(() => 1),
        ),
      );
    const run = attempt(() =>
      dispatcher.run(
        it.or(() => 1),
        20,
      ),
    );
    await Promise.allSettled([run, dispatcher.drained(20)]);
    dispatcher.close();
    dispatcher.counts();
  },
  texts: (it) => {
    attempt(() =>
      addon.verifyBasicAuth(
        it.or(() => it.text()),
        it.or(() => it.text()),
        it.or(() => it.text()),
      ),
    );
    attempt(() => addon.readHead(it.or(() => it.text())));
    attempt(() => addon.buildReply(it.or(() => it.text())));
    attempt(() => addon.refuse(it.or(() => it.text())));
    attempt(
      () =>
        new addon.Endpoint(
          it.or(() => it.text()),
          it.or(() => 1000),
        ),
    );
  },
};

function whole(it) {
  const body = new addon.Body(1 + it.random.below(300_000));
  attempt(() => body.append(it.bytes()));
  return body;
}

/** Runs something that may throw like misuse does. */
function attempt(work) {
  try {
    return work();
  } catch (error) {
    check(error);
    return undefined;
  }
}

/** Requires a thrown value to be an Error. A caught panic is one too, but is also reported on stderr. */
function check(error) {
  if (error === THROWN) return;
  // Also from another realm.
  const isError = Object.prototype.toString.call(error) === '[object Error]';
  if (!isError || error.message.startsWith('VIOLATED')) throw error;
}

const progress = options.progress === undefined ? undefined : openSync(options.progress, 'w');
const until = Date.now() + Number(options.seconds) * 1000;
const first = Number(options.seed);
const last = first + Number(options.cases);
const names = Object.keys(calls);
const counts = Object.fromEntries(names.map((name) => [name, { begun: 0, returned: 0 }]));
// What is judged on another thread keeps no process alive.
const alive = setInterval(() => {}, 1000);
let seed = first;
for (; seed < last && Date.now() < until; seed++) {
  const it = new Case(seed);
  const name = it.random.one(names);
  if (progress !== undefined) {
    ftruncateSync(progress);
    writeSync(progress, `${seed} (${name})`, 0);
  }
  const count = counts[name];
  count.begun++;
  try {
    await calls[name](it);
    count.returned++;
  } catch (error) {
    check(error);
  }
}
clearInterval(alive);
console.log(
  `${seed - first} cases; returned without an error: ${names.map((name) => `${name} ${counts[name].returned}`).join(', ')}`,
);
// If all values were rejected as misuse, nothing would be tested.
for (const name of names) {
  const { begun, returned } = counts[name];
  must(begun < 100 || returned > 0, `none of ${begun} calls of ${name} returned`);
}
