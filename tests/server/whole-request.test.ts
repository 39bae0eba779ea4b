// What a workflow gets of a request, unless only listed values are kept.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type App, bootApp } from '../support/app';
import { call, createWorkflow, ended } from './support';

let app: App;
beforeAll(async () => {
  app = await bootApp({ env: { WEBHOOK_TRUSTED_PROXIES: '1' } });
});
afterAll(() => app.stop());

const rows = { headers: [{ key: 'X-Event' }], body: [{ key: 'order.id', _var: 'id' }] };

it('is the whole body and query beside the mapped values, and the headers in lower case', async () => {
  const { key } = await createWorkflow(app, {
    config: { request: rows, response: { body: '{{$context.body.order}}' } },
  });
  const headers = { 'x-event': 'paid', 'x-token': 't', cookie: 'a=b', authorization: 'Bearer s' };
  const response = await call(app, key, { query: '?page=2', headers, body: { order: { id: 7 }, more: [1] } });
  expect(await response.json()).toEqual({ id: 7 });
  const [{ context }] = await ended(app, key);
  expect(context).toMatchObject({
    headers: { 'content-type': 'application/json', 'x-event': 'paid', 'X-Event': 'paid', 'x-token': 't' },
    query: { page: '2' },
    body: { order: { id: 7 }, more: [1], id: 7 },
  });
  expect(Object.keys(context.headers)).not.toContain('cookie');
  expect(Object.keys(context.headers)).not.toContain('authorization');
});

it('has no header with a name like those of credentials, if the editor has saved the webhook', async () => {
  const { key } = await createWorkflow(app, { config: { request: { keep: 'all', headers: [{ key: 'x-session' }] } } });
  const headers = { 'x-event': 'paid', 'x-token': 't', 'x-session': 's' };
  await call(app, key, { headers, body: {} });
  const [{ context }] = await ended(app, key);
  expect(context.headers).toMatchObject({ 'x-event': 'paid', 'x-session': 's' });
  expect(context.headers).not.toHaveProperty('x-token');
});

it('has nothing of what an authentication method recognizes the sender by', async () => {
  for (const [from, sent] of [
    [{ header: 'x-a' }, { headers: { 'x-a': 's3cret' } }],
    [{ query: 'a' }, { query: '?a=s3cret&b=1' }],
    [{ body: 'a.b' }, { body: { a: { b: 's3cret', c: 1 } } }],
  ] as const) {
    const method = { scheme: { kind: 'token', from }, secrets: ['s3cret'] };
    const { key } = await createWorkflow(app, { config: { authentication: [method], request: rows } });
    expect((await call(app, key, { body: {}, ...sent })).status).toBe(200);
    expect(JSON.stringify(await ended(app, key))).not.toContain('s3cret');
  }
});

it('says of the request itself how, when and from where it came', async () => {
  const { key } = await createWorkflow(app, {
    sync: true,
    config: { request: { methods: ['PUT'], params: [{ key: 'shop' }] } },
    nodes: [{ type: 'response', config: { body: '{{$context.request}}' } }],
  });
  const before = Date.now();
  const answers = [];
  for (let i = 0; i < 2; i += 1) {
    const headers = { 'x-forwarded-for': '203.0.113.7, 198.51.100.4' };
    const response = await app.fetch(`webhook:trigger/${key}/a%22b?token=t`, { method: 'PUT', headers });
    answers.push((await response.json()) as Record<string, string>);
  }
  const [first, second] = answers;
  const id = expect.stringMatching(/^\d{15,16}$/) as string;
  const receivedAt = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;
  expect(first).toEqual({ method: 'PUT', path: 'a%22b', ip: '198.51.100.4', receivedAt, id });
  expect(Date.parse(first.receivedAt)).toBeGreaterThanOrEqual(before);
  expect(second.id).not.toBe(first.id);
  expect((await ended(app, key, 2)).map(({ request }) => request)).toEqual(answers);
});

it('exists in a manual execution too', async () => {
  const { id, key } = await createWorkflow(app, { enabled: false, config: { request: rows } });
  await app.api('POST', `workflows:execute?filterByTk=${id}`, { body: { order: { id: 7 }, more: 1 } });
  const [{ context, request }] = await ended(app, key);
  expect(context.body).toEqual({ order: { id: 7 }, more: 1, id: 7 });
  expect(request).toMatchObject({ method: 'POST', path: '', ip: '' });
});
