import { availableParallelism } from 'node:os';
import type { Context } from '@nocobase/actions';
import { beforeEach, expect, it, vi } from 'vitest';
import { editorActions } from '../../src/server/editor/actions';
import { JudgingQueue } from '../../src/server/receive/JudgingQueue';

const begun: string[] = [];
vi.mock('../../src/server/native', () => ({
  native: () => ({
    inferPathsOffThread: (sample: string) => {
      begun.push(sample);
      return Promise.resolve('{"ok":true}');
    },
    readHead: () => ({ ok: true, headers: [] }),
  }),
  rejection: (reason: string) => ({ status: 503, headers: [['retry-after', '1']], body: reason }),
}));

const LIMIT = 1024 * 1024;
const PLACES = Math.max(1, availableParallelism() - 1);

let queue: JudgingQueue;
let finishes: (() => void)[];
let call: (action: string, values: object) => Promise<unknown>;
beforeEach(() => {
  begun.length = 0;
  queue = new JudgingQueue(LIMIT);
  // Bodies of webhooks are being judged on all threads.
  finishes = [];
  for (let n = 0; n < PLACES; n++) {
    void queue.run<void>({}, LIMIT, (done) => finishes.push(() => done(null, undefined)));
  }
  const endpoints = {
    diagnose: (config: { name: string }) => {
      begun.push(config.name);
      return Promise.resolve('{"accepted":true}');
    },
  };
  const actions = editorActions({} as never, endpoints as never, {} as never, queue);
  call = async (action, values) => {
    const ctx = { action: { params: { values } }, res: { setHeader: () => {}, removeHeader: () => {} } };
    await actions[action](ctx as unknown as Context, () => Promise.resolve());
    return ctx;
  };
});

it('infers paths and diagnoses requests when a judging thread is free', async () => {
  const inferred = call('inferPaths', { sample: '{"a":1}', kind: 'json' });
  const diagnosed = call('diagnose', { config: { name: 'mine' }, headers: '', body: '' });
  await Promise.resolve();
  expect(begun).toEqual([]);
  finishes.forEach((finish) => finish());
  expect(await inferred).toMatchObject({ body: '{"data":{"ok":true}}' });
  expect(await diagnosed).toMatchObject({ body: '{"data":{"accepted":true}}' });
  expect(begun).toEqual(['{"a":1}', 'mine']);
});

it('responds with 503 when too much of the editors waits, and when the app stops', async () => {
  const body = 'x'.repeat(LIMIT);
  const waiting = Array.from({ length: 4 }, () => call('diagnose', { config: { name: 'mine' }, headers: '', body }));
  expect(await call('inferPaths', { sample: '1', kind: 'json' })).toMatchObject({ status: 503, body: 'busy' });
  queue.stop();
  expect(await Promise.all(waiting)).toEqual(
    waiting.map(() => expect.objectContaining({ status: 503, body: 'stopping' }) as unknown),
  );
  expect(begun).toEqual([]);
});
