// The store's side of a dispatcher: which events of a batch are not stored.
import { describe, expect, test } from 'vitest';

import { Dispatcher, type BatchOutcome, type NotStored } from '../index.js';

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
};

/** Puts events in line, waits until all is drained and `notStored` was called `expected` times, and returns the outcome. */
async function storeAll(tickets: number[], expected: number, storeBatch: (tickets: number[]) => BatchOutcome) {
  const notStored: [number[], NotStored][] = [];
  const stored: number[] = [];
  const started: number[] = [];
  const dispatcher = new Dispatcher(
    LIMITS,
    async (batch) => {
      const answer = storeBatch(batch);
      if (answer.kind === 'stored') stored.push(...batch);
      return answer;
    },
    (batch, why) => notStored.push([batch, why]),
    async () => undefined,
    async (batch) => void started.push(...batch) as undefined,
  );
  const submit = dispatcher.submitFunction();
  const answers = tickets.map((ticket) => submit(ticket, 1));
  dispatcher.close();
  answers.push(submit(99, 1));
  expect(await dispatcher.drained(4000)).toBe(true);
  // The callback crosses to this thread on its own.
  await expect.poll(() => notStored.length).toBe(expected);
  return { answers, notStored, stored, started };
}

const all = (batch: number[]): BatchOutcome => ({ kind: 'stored', start: batch.map((ticket) => ticket !== 2) });

describe('a dispatcher', () => {
  test('stores what is in line, starts what is to be started, and takes nothing once it is closed', async () => {
    const { answers, notStored, stored, started } = await storeAll([1, 2, 3], 0, all);
    expect(answers).toEqual(['taken', 'taken', 'taken', 'closed']);
    expect(stored).toEqual([1, 2, 3]);
    expect(started).toEqual([1, 3]);
    expect(notStored).toEqual([]);
  });

  test('reports only the event that the store rejects as not stored', async () => {
    const bad: BatchOutcome = { kind: 'rejected', reason: 'bad row' };
    const { notStored, stored } = await storeAll([1, 2, 3], 1, (batch) => (batch.includes(2) ? bad : all(batch)));
    expect(stored).toEqual([1, 3]);
    expect(notStored).toEqual([[[2], bad]]);
  });

  test('treats a batch as not stored if its outcome has fewer events', async () => {
    const { notStored, started } = await storeAll([1], 1, () => ({ kind: 'stored', start: [] }));
    expect(notStored).toEqual([[[1], { kind: 'unavailable', reason: 'expected 1 events to be stored, but found 0' }]]);
    expect(started).toEqual([]);
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
      async () => undefined,
    );
    const submit = dispatcher.submitFunction();
    submit(1, 1);
    await storing;
    expect([2, 3, 4, 5].map((ticket) => submit(ticket, 1))).toEqual(['taken', 'taken', 'taken', 'busy']);
  });
});
