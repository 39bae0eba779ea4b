// A rate limit that is counted in Redis, which becomes unreachable and reachable again.
import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { servicePort } from '../../scripts/lib/services.mjs';
import { type App, bootApp, createWorkflow } from '../support/app';
import { logged, waitFor } from '../support/wait';

/** A proxy to Redis that can be disconnected. */
class Way {
  private server: Server | undefined;
  private readonly sockets = new Set<Socket>();
  port = 0;

  async open(): Promise<void> {
    this.server = createServer((socket) => {
      const redis = connect(servicePort('redis'), '127.0.0.1');
      for (const [from, to] of [
        [socket, redis],
        [redis, socket],
      ]) {
        this.sockets.add(from);
        from.on('error', () => {}).on('close', () => to.destroy());
        from.pipe(to);
      }
    }).listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as { port: number }).port;
  }

  async cut(): Promise<void> {
    const closed = this.server && once(this.server, 'close');
    this.server?.close();
    this.sockets.forEach((socket) => socket.destroy());
    this.sockets.clear();
    await closed;
  }
}

const way = new Way();
let app: App;
beforeAll(async () => {
  await way.open();
  app = await bootApp({
    env: { CACHE_DEFAULT_STORE: 'redis', CACHE_REDIS_URL: `redis://127.0.0.1:${way.port}` },
  });
}, 400_000);
afterAll(async () => {
  await app.remove();
  await way.cut();
});

const post = async (url: string) => (await fetch(url, { method: 'POST' })).status;

it('continues without Redis and with Redis again, and each node applies the limit meanwhile', async () => {
  const config = { rateLimit: { requests: 3, seconds: 600 } };
  const { url } = await createWorkflow(app, { title: 'limited', config });
  expect([await post(url), await post(url)]).toEqual([200, 200]);

  await way.cut();
  // The node starts counting by itself: three, and no more.
  const alone = [];
  for (let count = 0; count < 5; count += 1) {
    alone.push(await post(url));
  }
  expect(alone).toEqual([200, 200, 200, 429, 429]);
  await logged(app, 'this node counts rate limits alone because Redis is unreachable');

  await way.open();
  // Redis still has its previous count: one event is left.
  await waitFor('Redis to be asked again', async () => (await post(url)) === 200);
  expect(await post(url)).toBe(429);
});
