// Uses Redis for NocoBase's lock, pub-sub and queue, as a plugin of an installation with several nodes does. Loaded
// before NocoBase (`node --require`), so that the nodes of a test need no further plugin in their database. NocoBase's cache
// supports Redis by itself.
const { randomUUID } = require('node:crypto');
const { setTimeout: sleep } = require('node:timers/promises');
const { onAppLoad } = require('../../scripts/lib/app-load.cjs');

const prefix = process.env.TEST_REDIS_PREFIX;

onAppLoad({
  before(app) {
    const client = () => {
      const made = require('redis').createClient({ url: process.env.REDIS_URL });
      made.on('error', (error) => app.logger.error(`redis: ${error.message}`));
      return made;
    };
    app.pubSubManager.setAdapter(new PubSub(client));
    app.eventQueue.setAdapter(new Queue(client, app.logger));
    app.lockManager.registerAdapter('redis', { Adapter: Lock, options: { client } });
    // The worst that NocoBase can draw where nothing allots worker ids: all nodes have the same, and give the same ids.
    app.workerIdAllocator.setAdapter({ getWorkerId: () => 7, release: () => {} });
  },
});

/** `IPubSubAdapter` over Redis' publish and subscribe. */
class PubSub {
  constructor(client) {
    this.publisher = client();
    this.subscriber = client();
  }
  isConnected() {
    return this.publisher.isReady && this.subscriber.isReady;
  }
  async connect() {
    if (!this.publisher.isOpen) await Promise.all([this.publisher.connect(), this.subscriber.connect()]);
  }
  async close() {
    if (this.publisher.isOpen) await Promise.all([this.publisher.quit(), this.subscriber.quit()]);
  }
  subscribe(channel, callback) {
    return this.subscriber.subscribe(prefix + channel, callback);
  }
  unsubscribe(channel, callback) {
    return this.subscriber.isOpen ? this.subscriber.unsubscribe(prefix + channel, callback) : undefined;
  }
  publish(channel, message) {
    return this.publisher.publish(prefix + channel, message);
  }
}

/** `IEventQueueAdapter` over Redis' lists: an idle node takes the next task. */
class Queue {
  events = new Map();

  constructor(client, logger) {
    this.client = client();
    this.logger = logger;
  }
  isConnected() {
    return this.client.isReady;
  }
  async connect() {
    if (!this.client.isOpen) await this.client.connect();
    for (const channel of this.events.keys()) this.consume(channel);
  }
  async close() {
    const consumers = [...this.events.values()].map(({ consumer }) => consumer);
    this.events.clear();
    await Promise.all(consumers);
    if (this.client.isOpen) await this.client.quit();
  }
  subscribe(channel, event) {
    if (this.events.has(channel)) return;
    this.events.set(channel, { event });
    if (this.isConnected()) this.consume(channel);
  }
  unsubscribe(channel) {
    this.events.delete(channel);
  }
  async publish(channel, content, options = {}) {
    await this.client.lPush(prefix + channel, JSON.stringify({ id: randomUUID(), content, options }));
  }
  consume(channel) {
    const entry = this.events.get(channel);
    entry.consumer ??= this.read(channel, entry);
  }
  async read(channel, entry) {
    while (this.events.get(channel) === entry) {
      const text = entry.event.idle() ? await this.client.rPop(prefix + channel) : null;
      if (!text) {
        await sleep(20);
        continue;
      }
      const { id, content, options } = JSON.parse(text);
      const signal = AbortSignal.timeout(options.timeout ?? 15_000);
      try {
        await entry.event.process(content, { id, retried: options.retried ?? 0, signal, queueOptions: options });
      } catch (error) {
        this.logger.error(`redis queue: ${error.message}`);
      }
    }
  }
}

const RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0";

/** `ILockAdapter` over keys that expire. */
class Lock {
  constructor({ client }) {
    this.client = client();
  }
  async connect() {
    await this.client.connect();
    // NocoBase doesn't close lock adapters when it stops: a referenced connection would keep the process alive.
    this.client.unref();
  }
  async close() {
    if (this.client.isOpen) await this.client.quit();
  }
  async take(key, ttl, patience) {
    const name = `${prefix}lock:${key}`;
    const token = randomUUID();
    for (const deadline = Date.now() + patience; ; await sleep(20)) {
      if (await this.client.set(name, token, { NX: true, PX: Math.max(1, Math.round(ttl)) })) {
        return () => this.client.eval(RELEASE, { keys: [name], arguments: [token] });
      }
      if (Date.now() >= deadline) throw new LockAcquireError(`lock ${key} is taken`);
    }
  }
  acquire(key, ttl = 60_000) {
    return this.take(key, ttl, Infinity);
  }
  async runExclusive(key, body, ttl = 60_000) {
    const release = await this.acquire(key, ttl);
    try {
      return await body();
    } finally {
      await release();
    }
  }
  async tryAcquire(key, patience = 0) {
    const release = await this.take(key, 60_000, patience);
    return {
      release,
      acquire: async () => release,
      extend: async () => {},
      runExclusive: async (body) => {
        try {
          return await body();
        } finally {
          await release();
        }
      },
    };
  }
}

// NocoBase recognizes a lock that is taken by the name of this error.
class LockAcquireError extends Error {}
