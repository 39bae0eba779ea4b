// The store's side of a dispatcher: what of a batch is said not to be stored.
import { describe, expect, test } from 'vitest';

import { Dispatcher, type BatchAnswer, type NotStored } from '../index.js';

const LIMITS = {
  batchEvents: 8,
  batchBytes: 1000,
  linger: 0,
  queueEvents: 3,
  queueBytes: 1000,
  storeTime: 5000,
  abandoned: 0,
  permits: 1,
  runWait: 1000,
  runHold: 0,
  runQueue: 1,
  startShare: 100,
  startWindow: 100,
  startBurst: 100,
  startQuiet: 0,
  startWaiting: 100,
};

/** Puts events in line and gives what was said of them, once all is drained and `expected` times some are said not to be stored. */
async function storeAll(tickets: number[], expected: number, storeBatch: (tickets: number[]) => BatchAnswer) {
  const notStored: [number[], NotStored][] = [];
  const stored: number[] = [];
  const started: number[] = [];
  const dispatcher = new Dispatcher(
    LIMITS,
    async (batch) => {
      const answer = storeBatch(batch);
      if (answer.status === 'stored') stored.push(...batch);
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
  // What is said crosses to this thread by itself.
  await expect.poll(() => notStored.length).toBe(expected);
  return { answers, notStored, stored, started };
}

const all = (batch: number[]): BatchAnswer => ({ status: 'stored', start: batch.map((ticket) => ticket !== 2) });

describe('a dispatcher', () => {
  test('stores what is in line, hands on what is to be started, and takes nothing once it is closed', async () => {
    const { answers, notStored, stored, started } = await storeAll([1, 2, 3], 0, all);
    expect(answers).toEqual(['taken', 'taken', 'taken', 'closed']);
    expect(stored).toEqual([1, 2, 3]);
    expect(started).toEqual([1, 3]);
    expect(notStored).toEqual([]);
  });

  test('says of the one event that the store refuses that it is not stored', async () => {
    const bad: BatchAnswer = { status: 'refused', reason: 'bad row' };
    const { notStored, stored } = await storeAll([1, 2, 3], 1, (batch) => (batch.includes(2) ? bad : all(batch)));
    expect(stored).toEqual([1, 3]);
    expect(notStored).toEqual([[[2], bad]]);
  });

  test('does not believe a store that answers for fewer events than it got', async () => {
    const { notStored, started } = await storeAll([1], 1, () => ({ status: 'stored', start: [] }));
    expect(notStored).toEqual([
      [[1], { status: 'unavailable', reason: 'expected 1 events to be stored, but found 0' }],
    ]);
    expect(started).toEqual([]);
  });

  test('takes no more than may wait', async () => {
    let begun = () => {};
    const storing = new Promise<void>((resolve) => (begun = resolve));
    const dispatcher = new Dispatcher(
      LIMITS,
      () => {
        begun();
        return new Promise<BatchAnswer>(() => undefined);
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
