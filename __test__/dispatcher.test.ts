// The store's side of a dispatcher: what becomes of the events of a batch.
import { describe, expect, test } from 'vitest';

import { Dispatcher, type BatchOutcome, type EventOutcome } from '../index.js';

const LIMITS = {
  batchEvents: 8,
  batchBytes: 1000,
  lingerMs: 0,
  queueEvents: 3,
  queueBytes: 1000,
  storeTimeoutMs: 5000,
  abandoned: 0,
  permits: 1,
  runWaitMs: 1000,
  runTimeoutMs: 0,
  runQueue: 1,
  startShare: 100,
  startWindowMs: 100,
  startBurstMs: 100,
  startQuietMs: 0,
  startWaiting: 100,
  slots: 1,
  claimEvents: 8,
  claimMs: 1000,
  claimRestMs: 10,
};

test('executes as many events of a lane at a time as it is wide', async () => {
  let executing = 0;
  let most = 0;
  const dispatcher = new Dispatcher(
    { ...LIMITS, slots: 3, claimEvents: 1 },
    async (batch) => ({ kind: 'stored', start: batch.map(() => 7) }),
    () => undefined,
    async () => undefined,
    async (batch) => ({ tried: batch.length, claimed: batch }),
    async () => {
      executing += 1;
      most = Math.max(most, executing);
      // Until as many run as may.
      await expect.poll(() => most).toBe(2);
      executing -= 1;
    },
    async () => undefined,
  );
  dispatcher.setWidth(7, 2);
  dispatcher.resume();
  const submit = dispatcher.submitFunction();
  expect([1, 2, 3].map((ticket) => submit(ticket, 1))).toEqual(['taken', 'taken', 'taken']);
  await expect.poll(() => dispatcher.counts().executed).toBe(3);
  expect(most).toBe(2);
});

/** Puts events in line and waits until all are drained and settled. Returns what was called for which events. */
async function storeAll(tickets: number[], storeBatch: (tickets: number[]) => BatchOutcome) {
  const settled: [number[], EventOutcome][] = [];
  const stored: number[] = [];
  const dispatcher = new Dispatcher(
    LIMITS,
    async (batch) => {
      const outcome = storeBatch(batch);
      if (outcome.kind === 'stored') stored.push(...batch);
      return outcome;
    },
    (batch, outcome) => settled.push([batch, outcome]),
    async () => undefined,
    async (batch) => ({ tried: batch.length, claimed: batch }),
    async () => undefined,
    async () => undefined,
  );
  const submit = dispatcher.submitFunction();
  const answers = tickets.map((ticket) => submit(ticket, 1));
  dispatcher.close();
  answers.push(submit(99, 1));
  expect(await dispatcher.drained(4000)).toBe(true);
  // The callback crosses to this thread on its own.
  await expect.poll(() => settled.flatMap(([batch]) => batch).sort()).toEqual(tickets);
  return { answers, settled, stored };
}

const all = (batch: number[]): BatchOutcome => ({
  kind: 'stored',
  start: batch.map((ticket) => (ticket === 2 ? 0 : 1)),
});

describe('a dispatcher', () => {
  test('stores what is in line, and takes nothing once it is closed', async () => {
    const { answers, stored } = await storeAll([1, 2, 3], all);
    expect(answers).toEqual(['taken', 'taken', 'taken', 'closed']);
    expect(stored).toEqual([1, 2, 3]);
  });

  test('reports the outcome of each event once', async () => {
    const bad: BatchOutcome = { kind: 'rejected', reason: 'bad row' };
    const { settled, stored } = await storeAll([1, 2, 3], (batch) => (batch.includes(2) ? bad : all(batch)));
    expect(stored).toEqual([1, 3]);
    const outcomes = new Map(settled.flatMap(([batch, outcome]) => batch.map((ticket) => [ticket, outcome])));
    expect(outcomes).toEqual(
      new Map<number, EventOutcome>([
        [1, { kind: 'stored' }],
        [2, { kind: 'rejected', reason: 'bad row' }],
        [3, { kind: 'stored' }],
      ]),
    );
  });

  test('treats a batch as not stored if its outcome has fewer events', async () => {
    const { settled } = await storeAll([1], () => ({ kind: 'stored', start: [] }));
    expect(settled).toEqual([[[1], { kind: 'unavailable', reason: 'expected 1 events to be stored, but found 0' }]]);
  });

  test('executes the stored events of a lane in their order, those that it could claim, and those found before first', async () => {
    const claimed: number[][] = [];
    const executed: number[] = [];
    const settled: number[] = [];
    const dispatcher = new Dispatcher(
      LIMITS,
      async (batch) => all(batch),
      (batch) => settled.push(...batch),
      async () => undefined,
      async (batch) => {
        claimed.push(batch);
        // One belongs to another process; each has to be claimed by itself.
        return { tried: 1, claimed: batch[0] === 3 ? [] : [batch[0]] };
      },
      async (ticket) => void executed.push(ticket) as undefined,
      async () => undefined,
    );
    const submit = dispatcher.submitFunction();
    [1, 2, 3].forEach((ticket) => submit(ticket, 1));
    await expect.poll(() => settled).toEqual([1, 2, 3]);
    await expect.poll(() => dispatcher.counts().executeWaiting).toBe(2);
    dispatcher.addFound(1, [7, 8]);
    expect(claimed).toEqual([]);
    dispatcher.resume();
    await expect.poll(() => executed).toEqual([7, 8, 1]);
    await expect.poll(() => dispatcher.counts()).toMatchObject({ executed: 3, executing: 0, executeWaiting: 0 });
  });

  test('gives claimed events back that have not begun when it is closed', async () => {
    let begun = () => {};
    const executing = new Promise<void>((resolve) => (begun = resolve));
    let end = () => {};
    const ended = new Promise<undefined>((resolve) => (end = () => resolve(undefined)));
    const released: number[] = [];
    const dispatcher = new Dispatcher(
      { ...LIMITS, claimMs: 10_000 },
      async (batch) => all(batch),
      () => undefined,
      async () => undefined,
      async (batch) => ({ tried: batch.length, claimed: batch }),
      async (ticket) => {
        if (ticket === 12) {
          begun();
          await ended;
        }
        return undefined;
      },
      async (batch) => void released.push(...batch) as undefined,
    );
    dispatcher.addFound(1, [11, 12, 13, 14]);
    dispatcher.resume();
    await executing;
    dispatcher.close();
    end();
    expect(await dispatcher.drained(4000)).toBe(true);
    expect(released).toEqual([13]);
  });

  test('takes no more events than may wait', async () => {
    let begun = () => {};
    const storing = new Promise<void>((resolve) => (begun = resolve));
    const dispatcher = new Dispatcher(
      LIMITS,
      () => {
        begun();
        return new Promise<BatchOutcome>(() => undefined);
      },
      () => undefined,
      async () => undefined,
      async () => ({ tried: 1, claimed: [] }),
      async () => undefined,
      async () => undefined,
    );
    const submit = dispatcher.submitFunction();
    submit(1, 1);
    await storing;
    expect([2, 3, 4, 5].map((ticket) => submit(ticket, 1))).toEqual(['taken', 'taken', 'taken', 'busy']);
  });
});
