// In which order the asynchronous events of a webhook are executed.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { App } from '../support/app';
import { waitFor } from '../support/wait';
import { bootHeld, createHeld, holder, removeHeld } from './held';
import { call, createWorkflow, ended, executions } from './support';

let app: App;
beforeAll(async () => {
  app = await bootHeld();
});
afterAll(() => removeHeld(app));

async function send(key: string, ...bodies: (object | string)[]): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  for (const body of bodies) {
    expect((await call(app, key, { body, headers })).status).toBe(200);
  }
}

/** The executions that are running, by their n. */
async function running(key: string): Promise<number[]> {
  const all = await executions(app, key);
  return all.filter(({ status }) => status === 0).map(({ context }) => (context.body as { n: number }).n);
}

describe('events in parallel', () => {
  it('are executed as many at a time as configured, and begin in their order', async () => {
    const key = await createHeld(app, 'parallel', { config: { execution: { order: 'parallel', parallel: 2 } } });
    await send(key, { n: 1 }, { n: 2 }, { n: 3 }, { n: 4 });
    await holder.waitFor('parallel-1');
    await holder.waitFor('parallel-2');
    expect(holder.count('parallel-3')).toBe(0);
    holder.release('parallel-2');
    await holder.waitFor('parallel-3');
    expect(await running(key)).toEqual([1, 3]);
    ['parallel-1', 'parallel-3'].forEach((name) => holder.release(name));
    await holder.waitFor('parallel-4');
    holder.release('parallel-4');
    await ended(app, key, 4);
  });
});

describe('events in sequence by key', () => {
  it('are executed one after another if they have the same key, beside those with another one', async () => {
    const key = await createHeld(app, 'key', { config: { execution: { order: { by: 'order.id' } } } });
    const [first, second] = [{ order: { id: 1 } }, { order: { id: 2 } }];
    await send(key, { n: 1, ...first }, { n: 2, order: { id: 1.0 } }, { n: 3, ...second }, { n: 4, ...first });
    await holder.waitFor('key-1');
    await holder.waitFor('key-3');
    expect(await running(key)).toEqual([1, 3]);
    for (const n of [1, 2, 4]) {
      await holder.waitFor(`key-${n}`);
      holder.release(`key-${n}`);
    }
    holder.release('key-3');
    await ended(app, key, 4);
    expect(holder.arrived.filter((name) => /^key-[124]$/.test(name))).toEqual(['key-1', 'key-2', 'key-4']);
  });

  it('keep their order if the process dies', async () => {
    const key = await createHeld(app, 'crash', {
      config: {
        execution: { order: { by: 'id' } },
        request: { keep: 'listed', body: [{ key: 'id' }, { key: 'n' }] },
      },
    });
    // Numbers that JavaScript rounds, as ids of some senders are.
    const [first, second] = ['12837465128374651284', '98765432109876543210'];
    const bodies = [first, first, second, second].map((id, index) => `{"n":${index + 1},"id":${id}}`);
    await send(key, ...bodies);
    await holder.waitFor('crash-1');
    await holder.waitFor('crash-3');
    await app.kill9();
    await app.start();
    await holder.waitFor('crash-1', 2);
    await holder.waitFor('crash-3', 2);
    // Behind those that were there before.
    await send(key, `{"n":5,"id":${first}}`);
    await sleep(1_000);
    expect(await running(key)).toEqual([1, 3]);
    for (const n of [1, 3, 2, 4, 5]) {
      await holder.waitFor(`crash-${n}`);
      holder.release(`crash-${n}`);
    }
    await ended(app, key, 5);
    const of = (...numbers: number[]) =>
      holder.arrived.filter((name) => numbers.some((n) => name === `crash-${n}`)).map((name) => name.slice(-1));
    expect([of(1, 2, 5), of(3, 4)]).toEqual([
      ['1', '1', '2', '5'],
      ['3', '3', '4'],
    ]);
  });
});

it('an order that does not exist is not saved', async () => {
  const config = { execution: { order: { by: 'items[].id' }, parallel: 51 } };
  await expect(createWorkflow(app, { config, enabled: false })).rejects.toThrow(/400.*execution/s);
});

it('a workflow whose executions wait for somebody gives up its turn', async () => {
  const { key } = await createWorkflow(app, {
    nodes: [{ type: 'delay', config: { duration: 60, unit: 60_000, endStatus: 1 } }],
  });
  await send(key, { n: 1 }, { n: 2 });
  await waitFor('both to wait', async () => (await executions(app, key)).every(({ status }) => status === 0));
  expect(await running(key)).toEqual([1, 2]);
});
