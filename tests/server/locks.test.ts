import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, bootApp } from '../support/app';
import { Holder } from '../support/holder';
import { waitFor } from '../support/wait';
import { call, createWorkflow, ended, executions } from './support';

const holder = new Holder();

describe("NocoBase's locks in memory", () => {
  let app: App;
  beforeAll(async () => {
    await holder.start();
    const NODE_OPTIONS = `--require ${join(import.meta.dirname, 'lock-probe.cjs')}`;
    app = await bootApp({ env: { NODE_OPTIONS, WEBHOOK_SYNC_CONCURRENCY: '4' } });
  });
  afterAll(async () => {
    await app?.remove();
    holder.stop();
  });

  const locks = () => app.api<string[]>('GET', 'lockProbe:list');

  it('keep nothing of executions that have ended, and the lock of one that is executed', async () => {
    const { key: asynchronous } = await createWorkflow(app);
    const { key: synchronous } = await createWorkflow(app, { sync: true });
    const { key: held } = await createWorkflow(app, { sync: true, nodes: [holder.node('held')] });
    for (let event = 0; event < 5; event += 1) {
      expect((await call(app, synchronous, { body: { event } })).status).toBe(200);
      expect((await call(app, asynchronous, { body: { event } })).status).toBe(200);
    }
    await ended(app, asynchronous, 5);
    // Last, as the engine's lock ends after a minute.
    const response = call(app, held, { body: {} });
    await holder.waitFor('held');
    expect((await call(app, synchronous, { body: {} })).status).toBe(200);
    const [{ id }] = await executions(app, held);
    await waitFor('the others to be forgotten', async () => String(await locks()) === String(id));
    await expect(app.api('POST', `executions:cancel?filterByTk=${id}`)).rejects.toThrow('409');
    holder.release('held');
    expect((await response).status).toBe(200);
    await waitFor('this one to be forgotten', async () => (await locks()).length === 0);
  });
});
