import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, bootApp } from '../support/app';
import { createWorkflow, ended, executions } from './support';

let app: App;
beforeAll(async () => {
  app = await bootApp();
});
afterAll(() => app.remove());

function deliver(key: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return app.fetch(`webhook:trigger/${key}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

/** Returns status, body, and whether the response is marked as a duplicate's. */
async function shown(response: Response): Promise<[number, string, boolean]> {
  return [response.status, await response.text(), response.headers.get('idempotent-replayed') === 'true'];
}

const byHeader = { source: 'header', key: 'X-Event-Id' };

describe('a duplicate', () => {
  it('starts nothing and gets the first one’s response, filled with the first one’s values', async () => {
    const { key } = await createWorkflow(app, {
      config: { idempotency: byHeader, response: { statusCode: 202, body: 'got {{$context.body.n}}' } },
    });
    expect(await shown(await deliver(key, { n: 1 }, { 'x-event-id': 'a' }))).toEqual([202, 'got 1', false]);
    expect(await shown(await deliver(key, { n: 2 }, { 'x-event-id': 'a' }))).toEqual([202, 'got 1', true]);
    expect(await shown(await deliver(key, { n: 3 }, { 'x-event-id': 'b' }))).toEqual([202, 'got 3', false]);
    expect((await ended(app, key, 2)).length).toBe(2);
  });

  it('is recognized by a value of the body; a number and a text are different keys', async () => {
    const { key } = await createWorkflow(app, { config: { idempotency: { source: 'body', key: 'event.id' } } });
    const replayed = [];
    for (const id of [1, '1', 1, '1']) {
      replayed.push((await shown(await deliver(key, { event: { id } })))[2]);
    }
    expect(replayed).toEqual([false, false, true, true]);
    expect((await ended(app, key, 2)).length).toBe(2);
  });

  it('starts nothing if many arrive at the same time: one of them starts', async () => {
    const { key } = await createWorkflow(app, { config: { idempotency: byHeader } });
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => shown(await deliver(key, {}, { 'x-event-id': 'same' }))),
    );
    expect(answers.map(([status]) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(answers.filter(([, , replayed]) => !replayed).length).toBe(1);
    expect((await ended(app, key)).length).toBe(1);
  });

  it('gets the response of the Response node if the webhook is synchronous', async () => {
    const { key } = await createWorkflow(app, {
      sync: true,
      config: { idempotency: byHeader },
      nodes: [
        {
          type: 'response',
          config: {
            statusCode: 201,
            headers: [{ name: 'x-n', value: '{{$context.body.n}}' }],
            body: { n: '{{$context.body.n}}' },
          },
        },
      ],
    });
    const first = await deliver(key, { n: 1 }, { 'x-event-id': 'a' });
    const second = await deliver(key, { n: 2 }, { 'x-event-id': 'a' });
    for (const [response, replayed] of [
      [first, false],
      [second, true],
    ] as const) {
      expect(response.headers.get('x-n')).toBe('1');
      expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
      expect(await shown(response)).toEqual([201, '{"n":1}', replayed]);
    }
    expect((await executions(app, key)).length).toBe(1);
  });

  it('gets the state of the execution if the synchronous workflow has no Response node', async () => {
    const end = { type: 'end', config: { endStatus: -1 } };
    const { key } = await createWorkflow(app, { sync: true, config: { idempotency: byHeader }, nodes: [end] });
    expect((await deliver(key, {}, { 'x-event-id': 'a' })).status).toBe(500);
    expect((await shown(await deliver(key, {}, { 'x-event-id': 'a' }))).filter((_, i) => i !== 1)).toEqual([500, true]);
    expect((await executions(app, key)).length).toBe(1);
  });

  it('is a separate event in another workflow, without the key, and if no key is configured', async () => {
    const a = await createWorkflow(app, { config: { idempotency: byHeader } });
    const b = await createWorkflow(app, { config: { idempotency: byHeader } });
    const off = await createWorkflow(app, { config: { idempotency: false } });
    for (const key of [a.key, b.key, off.key, off.key]) {
      expect(await shown(await deliver(key, {}, { 'x-event-id': 'shared' }))).toEqual([200, '', false]);
    }
    for (let i = 0; i < 2; i += 1) {
      expect(await shown(await deliver(a.key, {}))).toEqual([200, '', false]);
    }
    expect((await ended(app, a.key, 3)).length).toBe(3);
    expect((await ended(app, b.key)).length).toBe(1);
    expect((await ended(app, off.key, 2)).length).toBe(2);
  });

  it('is still recognized after a restart', async () => {
    const { key } = await createWorkflow(app, { config: { idempotency: byHeader } });
    expect(await shown(await deliver(key, {}, { 'x-event-id': 'a' }))).toEqual([200, '', false]);
    await ended(app, key);
    await app.restart();
    expect(await shown(await deliver(key, {}, { 'x-event-id': 'a' }))).toEqual([200, '', true]);
  });
});

it('rejects saving a configuration without a readable key', async () => {
  await expect(createWorkflow(app, { config: { idempotency: { source: 'cookie', key: 'a' } } })).rejects.toThrow(/400/);
});
