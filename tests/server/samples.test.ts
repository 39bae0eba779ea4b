import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureSamples } from '../../scripts/lib/samples.mjs';
import { type App, bootApp } from '../support/app';
import { waitFor } from '../support/wait';

/** Runs a printed command as if pasted. Returns the status, and the headers and the body. */
async function paste(line: string): Promise<{ status: number; output: string }> {
  const { stdout } = await promisify(execFile)('sh', ['-c', line]);
  return { status: Number(/^HTTP\S* (\d+)/.exec(stdout)?.[1]), output: stdout };
}

describe('the sample workflows of npm start', () => {
  let app: App;
  let samples: Awaited<ReturnType<typeof ensureSamples>>;
  const line = (title: string): string => samples.find((sample) => sample.title === title)?.curl ?? 'false';

  beforeAll(async () => {
    app = await bootApp();
    samples = await ensureSamples(app, app.url);
  });
  afterAll(() => app?.remove());

  it('are three, each with a curl command', () => {
    expect(samples.map(({ curl }) => curl.split(' ')[0])).toEqual(['curl', 'curl', 'curl']);
  });

  it('store every event in the collection "Webhook events"', async () => {
    const { status, output } = await paste(line('Sample: store every event'));
    expect([status, output]).toEqual([202, expect.stringContaining('{"accepted":true}')]);
    const events = await waitFor('the event in the collection', async () => {
      const rows = await app.api<object[]>('GET', 'webhook_events:list');
      return rows.length > 0 && rows;
    });
    expect(events).toMatchObject([{ event: 'order.created', payload: { id: 1001, total: 99.5 } }]);
  });

  it('approve a small order and not a large one', async () => {
    const small = line('Sample: approve small orders');
    expect(await paste(small)).toMatchObject({ status: 200, output: expect.stringContaining('"approved":true') });
    const large = await paste(small.replace('99.5', '250'));
    expect(large).toMatchObject({ status: 422, output: expect.stringContaining('x-reason: total 250 is above 100') });
  });

  it('greet only senders with the right credentials', async () => {
    const greet = line('Sample: greet authenticated callers');
    expect(await paste(greet)).toMatchObject({ status: 200, output: expect.stringContaining('Hello, Ada!') });
    expect(await paste(greet.replace('webhook-password', 'guessed'))).toMatchObject({ status: 401 });
  });

  it('are not created again, whether they exist or were deleted', async () => {
    // While SQLite writes for a running workflow, it fails NocoBase's own longer transactions.
    await waitFor('the end of all executions', async () => {
      const executions = await app.api<{ status: number | null }[]>('GET', 'executions:list');
      return executions.every(({ status }) => status === 1);
    });
    const key = line('Sample: greet authenticated callers').match(/trigger\/(\w+)/)?.[1];
    const [workflow] = await app.api<{ id: string }[]>('GET', `workflows:list?filter=${JSON.stringify({ key })}`);
    await app.api('POST', `workflows:destroy?filterByTk=${workflow?.id}`);
    expect(await ensureSamples(app, app.url)).toEqual(samples.slice(0, 2));
    expect(await app.api('GET', 'workflows:list')).toHaveLength(2);
  });
});
