import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import packageJson from '../../package.json';
import type { App } from '../support/app';
import { waitFor } from '../support/wait';
import { bootHeld, createHeld, holder, removeHeld } from './held';
import { call, createWorkflow, ended, executions } from './support';

let app: App;
beforeAll(async () => {
  app = await bootHeld();
});
afterAll(() => removeHeld(app));

async function send(key: string, ...numbers: number[]): Promise<void> {
  for (const n of numbers) {
    expect((await call(app, key, { body: { n } })).status).toBe(200);
  }
}

const statuses = async (key: string) => (await executions(app, key)).map(({ status }) => status);

describe('asynchronous events', () => {
  it('of one webhook are executed one after another in their order, beside those of other webhooks', async () => {
    const [first, second] = [await createHeld(app, 'first'), await createHeld(app, 'second')];
    await send(first, 1, 2, 3);
    await send(second, 1);
    await holder.waitFor('first-1');
    await holder.waitFor('second-1');
    for (const n of [1, 2, 3]) {
      await holder.waitFor(`first-${n}`);
      expect(await statuses(first)).toEqual([1, 2, 3].map((other) => (other < n ? 1 : other === n ? 0 : null)));
      holder.release(`first-${n}`);
    }
    await ended(app, first, 3);
    holder.release('second-1');
    await ended(app, second);
    const arrived = holder.arrived.filter((name) => name.startsWith('first'));
    expect(arrived).toEqual(['first-1', 'first-2', 'first-3']);
  });

  it.each([
    ['a time limit', 'limited', { timeout: 60_000 }],
    ["onCrash: 'fail'", 'failing', { onCrash: 'fail' }],
  ])('of a workflow with %s are started only when it is their turn', async (_, name, options) => {
    const key = await createHeld(app, name, { options });
    await send(key, 1, 2, 3);
    for (const n of [1, 2, 3]) {
      await holder.waitFor(`${name}-${n}`);
      expect((await statuses(key)).filter((status) => status === 0)).toHaveLength(1);
      holder.release(`${name}-${n}`);
      await waitFor(`event ${n} to end`, async () => (await statuses(key))[n - 1] === 1);
    }
  });

  it('that wait are left alone by the recovery of the engine', async () => {
    const key = await createHeld(app, 'recovery');
    await send(key, 1, 2);
    await holder.waitFor('recovery-1');
    await app.api('POST', 'engineProbe:recover');
    const ids = (await executions(app, key)).map(({ id }) => id);
    expect(ids).toHaveLength(2);
    for (const id of ids) {
      expect(app.logs()).not.toContain(`queueing execution (${id}) found`);
    }
    holder.release('recovery-1');
    await holder.waitFor('recovery-2');
    holder.release('recovery-2');
    await ended(app, key, 2);
  });

  it('that wait can be cancelled, and one that is being executed answers 409', async () => {
    const key = await createHeld(app, 'cancelled');
    await send(key, 1, 2, 3);
    await holder.waitFor('cancelled-1');
    const [running, waiting] = (await executions(app, key)).map(({ id }) => id);
    await expect(app.api('POST', `executions:cancel?filterByTk=${running}`)).rejects.toThrow('409');
    await app.api('POST', `executions:cancel?filterByTk=${waiting}`);
    holder.release('cancelled-1');
    await holder.waitFor('cancelled-3');
    holder.release('cancelled-3');
    await waitFor('the last to end', async () => (await statuses(key))[2] === 1);
    expect(holder.count('cancelled-2')).toBe(0);
  });

  it('that wait are executed by the engine once the plugin is disabled', async () => {
    // As many as are executed at a time, so that the last one has no turn.
    const occupying = [
      await createHeld(app, 'busy-a'),
      await createHeld(app, 'busy-b'),
      await createHeld(app, 'busy-c'),
    ];
    const { key } = await createWorkflow(app);
    for (const one of occupying) {
      await send(one, 1);
    }
    for (const name of ['busy-a', 'busy-b', 'busy-c']) {
      await holder.waitFor(`${name}-1`);
    }
    await send(key, 1, 2);
    expect(await statuses(key)).toEqual([null, null]);
    await app.api('POST', `pm:disable?filterByTk=${packageJson.name}&awaitResponse=true`);
    await ended(app, key, 2);
    expect(await statuses(key)).toEqual([1, 1]);
  });
});
