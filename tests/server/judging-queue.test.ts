import { availableParallelism } from 'node:os';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { JudgingQueue } from '../../src/server/receive/JudgingQueue';

const LIMIT = 1024 * 1024;
const PLACES = Math.max(1, availableParallelism() - 1);

/** What is being judged, in the order in which it began; `finish` ends the first that remains. */
const begun: string[] = [];
const finishes: (() => void)[] = [];
const finish = () => finishes.shift()?.();

function judge(queue: JudgingQueue, webhook: object, name: string, bytes = LIMIT): Promise<string> {
  return queue.run<string>(webhook, bytes, (done) => {
    begun.push(name);
    finishes.push(() => done(null, name));
  });
}

let queue: JudgingQueue;
/** As many bodies as are judged at a time. */
let first: Promise<string>[];
beforeEach(() => {
  vi.useFakeTimers();
  queue = new JudgingQueue(LIMIT);
  first = Array.from({ length: PLACES }, () => judge(queue, {}, 'first'));
  begun.length = 0;
});
afterEach(() => {
  while (finishes.length > 0) {
    finish();
  }
  vi.useRealTimers();
});

it('takes one body of each webhook in turn', async () => {
  const [a, b, c] = [{}, {}, {}];
  const all = [
    judge(queue, a, 'a1'),
    judge(queue, a, 'a2'),
    judge(queue, a, 'a3'),
    judge(queue, b, 'b1'),
    judge(queue, b, 'b2'),
    judge(queue, c, 'c1'),
  ];
  expect(begun).toEqual([]);
  while (finishes.length > 0) {
    finish();
  }
  expect(begun).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
  expect(await Promise.all(all)).toEqual(['a1', 'a2', 'a3', 'b1', 'b2', 'c1']);
});

it('rejects a body when the bytes of eight largest bodies wait, or of four for one webhook', async () => {
  const [a, b, c] = [{}, {}, {}];
  const all = [a, a, a, a, a, b, b, b, b, b, c].map((webhook) => judge(queue, webhook, 'one'));
  expect(await Promise.all([all[4], all[9], all[10]])).toEqual(['busy', 'busy', 'busy']);
  finish();
  // The first has left the queue.
  const again = judge(queue, c, 'again');
  while (finishes.length > 0) {
    finish();
  }
  expect(await again).toBe('again');
  expect(begun.filter((name) => name === 'one')).toHaveLength(8);
});

it('counts a small compressed body as 64 KiB', async () => {
  const webhook = {};
  const most = (8 * LIMIT) / 2 / (64 * 1024);
  const all = Array.from({ length: most }, () => judge(queue, webhook, 'small', 100));
  expect(await judge(queue, webhook, 'one more', 100)).toBe('busy');
  queue.stop();
  expect(new Set(await Promise.all(all))).toEqual(new Set(['stopping']));
});

it('rejects a body that has waited for ten seconds', async () => {
  const waiting = judge(queue, {}, 'late');
  await vi.advanceTimersByTimeAsync(9_999);
  const later = judge(queue, {}, 'later');
  await vi.advanceTimersByTimeAsync(1);
  expect(await waiting).toBe('busy');
  finish();
  expect(begun).toEqual(['later']);
  finishes.splice(0).forEach((end) => end());
  expect(await later).toBe('later');
});

it('ends what an app waits for when it stops, and judges what other apps were sent', async () => {
  const other = new JudgingQueue(LIMIT);
  const waiting = judge(queue, {}, 'waiting');
  const others = judge(other, {}, 'other');
  queue.stop();
  expect(await Promise.all([...first, waiting])).toEqual([...first, waiting].map(() => 'stopping'));
  expect(begun).toEqual([]);
  finish();
  expect(begun).toEqual(['other']);
  finishes.splice(0).forEach((end) => end());
  expect(await others).toBe('other');
});

it('reports why a body could not be judged, and continues with the next', async () => {
  const failing = queue.run({}, 1, (done) => done(new Error('panicked'), undefined));
  const throwing = queue.run({}, 1, () => {
    throw new Error('no head');
  });
  const next = judge(queue, {}, 'next');
  const outcomes = Promise.allSettled([failing, throwing]);
  finish();
  finishes.splice(0).forEach((end) => end());
  expect(await outcomes).toMatchObject([
    { status: 'rejected', reason: { message: 'panicked' } },
    { status: 'rejected', reason: { message: 'no head' } },
  ]);
  expect(await next).toBe('next');
});
