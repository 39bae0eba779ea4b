// Turns of synchronous webhooks: which webhook gets them, for how long, and what they leave to everything else.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { slow } from '../crash/support';
import { type App, bootApp, dialect } from '../support/app';
import { Holder } from '../support/holder';
import { waitFor } from '../support/wait';
import { call, createWorkflow, ended, executions } from './support';

const holder = new Holder();
beforeAll(() => holder.start());
afterAll(() => holder.stop());

/** A time limit that no test reaches. */
const options = { timeout: 60_000 };

describe('a synchronous webhook with four turns for all', () => {
  let app: App;
  beforeAll(async () => {
    app = await bootApp({ env: { WEBHOOK_SYNC_CONCURRENCY: '4', WEBHOOK_SYNC_TIMEOUT: '3' } });
  });
  afterAll(() => app.remove());

  it('gets two of them, and leaves the others to other webhooks', async () => {
    const many = await createWorkflow(app, { sync: true, options, nodes: [holder.node('many')] });
    const other = await createWorkflow(app, { sync: true, options, nodes: [holder.node('other')] });
    const calls = Array.from({ length: 4 }, () => call(app, many.key));
    await holder.waitFor('many', 2);
    const answer = call(app, other.key);
    await holder.waitFor('other');
    expect(holder.count('many')).toBe(2);
    holder.release('other');
    expect((await answer).status).toBe(200);
    holder.release('many');
    await holder.waitFor('many', 4);
    holder.release('many');
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });

  it('responds with 408 after WEBHOOK_SYNC_TIMEOUT if its workflow has no time limit, and the execution continues', async () => {
    const { key } = await createWorkflow(app, { sync: true, nodes: [holder.node('late')] });
    const response = await call(app, key);
    expect(response.status).toBe(408);
    expect((await executions(app, key)).map(({ status }) => status)).toEqual([0]);
    holder.release('late');
    expect((await ended(app, key)).map(({ status }) => status)).toEqual([1]);
  });

  it('waits longer than WEBHOOK_SYNC_TIMEOUT if its workflow’s own time limit is longer', async () => {
    const { key } = await createWorkflow(app, { sync: true, options, nodes: [holder.node('own')] });
    const { key: other } = await createWorkflow(app, { sync: true, nodes: [holder.node('shorter')] });
    const answer = call(app, key);
    await holder.waitFor('own');
    // Meanwhile another one, without its own limit, reaches the timeout.
    expect((await call(app, other)).status).toBe(408);
    holder.release('shorter');
    holder.release('own');
    expect((await answer).status).toBe(200);
  });

  it('continues an execution whose client disconnects', async () => {
    const { key } = await createWorkflow(app, { sync: true, options, nodes: [holder.node('left')] });
    const caller = new AbortController();
    const answer = fetch(`${app.apiUrl}webhook:trigger/${key}`, { method: 'POST', signal: caller.signal });
    await holder.waitFor('left');
    caller.abort();
    await expect(answer).rejects.toThrow();
    holder.release('left');
    expect((await ended(app, key)).map(({ status }) => status)).toEqual([1]);
  });

  it('lets duplicates wait for the first one without a turn, and gives them its response', async () => {
    const { key } = await createWorkflow(app, {
      sync: true,
      options,
      config: { idempotency: { source: 'header', key: 'x-id' } },
      nodes: [
        holder.node('{{$context.body.name}}'),
        { type: 'response', config: { statusCode: 201, body: '{{$context.body.name}}' } },
      ],
    });
    const send = (id: string, name: string) => call(app, key, { headers: { 'x-id': id }, body: { name } });
    const first = send('a', 'first');
    await holder.waitFor('first');
    const duplicates = Array.from({ length: 5 }, () => send('a', 'duplicate'));
    // If a duplicate took a turn, none would remain for the second, and then none for the third.
    for (const name of ['second', 'third']) {
      const answer = send(name, name);
      await holder.waitFor(name);
      holder.release(name);
      expect((await answer).status).toBe(201);
    }
    holder.release('first');
    const answers = [await first, ...(await Promise.all(duplicates))];
    expect(await Promise.all(answers.map(async (answer) => [answer.status, await answer.text()]))).toEqual(
      Array.from({ length: 6 }, () => [201, 'first']),
    );
    expect(answers.map(({ headers }) => headers.get('idempotent-replayed'))).toEqual([null, ...Array(5).fill('true')]);
    expect(holder.count('duplicate')).toBe(0);
    expect((await executions(app, key)).length).toBe(3);
  });
});

// SQLite has one connection, and a query delays all others.
if (dialect !== 'sqlite') {
  describe('slow queries of synchronous webhooks', () => {
    let app: App;
    beforeAll(async () => {
      app = await bootApp();
    });
    afterAll(() => app.remove());

    it('leave connections to asynchronous webhooks and to NocoBase’s own API', async () => {
      const nodes = [slow(dialect, 4)];
      const slowly = [
        await createWorkflow(app, { sync: true, nodes }),
        await createWorkflow(app, { sync: true, nodes }),
        await createWorkflow(app, { sync: true, nodes }),
      ];
      const quick = await createWorkflow(app);
      const answered: string[] = [];
      const note = (name: string) => (response: Response) => {
        answered.push(name);
        return response.status;
      };
      const calls = slowly.flatMap(({ key }) => Array.from({ length: 4 }, () => call(app, key).then(note('slow'))));
      await waitFor('three slow runs', async () => {
        const running = await Promise.all(slowly.map(({ key }) => executions(app, key)));
        return running.every((found) => found.length > 0);
      });
      for (let round = 0; round < 5; round += 1) {
        expect(await call(app, quick.key, { body: { round } }).then(note('quick'))).toBe(200);
      }
      await app.api('GET', 'workflows:list');
      await ended(app, quick.key, 5);
      answered.push('API');
      expect(answered).toEqual([...Array(5).fill('quick'), 'API']);
      expect(new Set(await Promise.all(calls))).toEqual(new Set([200]));
    });
  });
}
