import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { slow } from '../crash/support';
import { type App, bootApp, dialect } from '../support/app';
import { call, createWorkflow, ended, executions, setEnabled, settled } from './support';

let app: App;
beforeAll(async () => {
  app = await bootApp({ env: { REQUEST_BODY_LIMIT: '1mb' } });
});
afterAll(() => app.stop());

const basic = (credentials: string) => ({ authorization: `Basic ${Buffer.from(credentials).toString('base64')}` });
const respond = (config: Record<string, unknown>) => [{ type: 'response', config }];

async function rejection(response: Response): Promise<{ status: number; code: string; message: string }> {
  const { errors } = (await response.json()) as { errors: { code: string; message: string }[] };
  expect(errors).toHaveLength(1);
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  return { status: response.status, ...errors[0] };
}

describe('an asynchronous webhook', () => {
  it('responds with 200 and an empty body by default, and executes with the whole query and body', async () => {
    const { key } = await createWorkflow(app);
    const response = await call(app, key, { query: '?a=1&b[]=2', body: { order: { id: 7, open: false, none: null } } });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('');
    const [{ status, context }] = await ended(app, key);
    expect(status).toBe(1);
    expect(context).toMatchObject({
      headers: { 'content-type': 'application/json' },
      query: { a: '1', b: ['2'] },
      body: { order: { id: 7, open: false, none: null } },
    });
  });

  it('passes the configured variables to its workflow and no others, if it keeps the listed ones', async () => {
    const { key } = await createWorkflow(app, {
      config: {
        request: {
          keep: 'listed',
          headers: [{ key: 'X-Request-Id' }, { key: 'X-Absent' }],
          query: [{ key: 'query[0].a', _var: 'v_q', alias: 'First' }],
          body: [{ key: 'data.id' }, { key: 'data.no' }, { key: 'items[].sku', _var: 'v_s' }],
        },
      },
    });
    await call(app, key, {
      query: '?query[0][a]=x',
      headers: { 'x-request-id': 'r1' },
      body: { data: { id: 0 }, items: [{ sku: 'a' }, { sku: 'b' }] },
    });
    const [{ context }] = await ended(app, key);
    expect(context).toEqual({
      headers: { 'X-Request-Id': 'r1' },
      query: { v_q: 'x' },
      body: { data: { id: 0 }, v_s: ['a', 'b'] },
    });
  });

  it('responds as configured, with $context, $env and $system in its templates', async () => {
    await app.api('POST', 'environmentVariables:create', { name: 'GREETING', type: 'default', value: 'hello' });
    const { key } = await createWorkflow(app, {
      config: {
        request: { body: [{ key: 'id', _var: 'body_$0' }] },
        response: {
          statusCode: 201,
          headers: [
            { name: 'X-Id', value: 'id-{{$context.body.body_$0}}' },
            { name: 'X-Greeting', value: '{{$env.GREETING}}' },
            { name: 'X-Nothing', value: '{{$context.body.nothing}}' },
          ],
          body: {
            id: '{{$context.body.body_$0}}',
            text: 'n{{$context.body.body_$0}}{{$context.body.none}}',
            gone: '{{$context.body.none}}',
            epoch: '{{$system.epoch}}',
          },
        },
      },
    });
    const response = await call(app, key, { body: { id: 5 } });
    expect(response.status).toBe(201);
    expect(response.headers.get('x-id')).toBe('id-5');
    expect(response.headers.get('x-greeting')).toBe('hello');
    expect(response.headers.has('x-nothing')).toBe(false);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await response.json()).toEqual({ id: 5, text: 'n5', epoch: 1605024000 });
  });

  it.each([
    ['a string as text', { body: 'ok' }, 200, 'text/plain; charset=utf-8', 'ok'],
    [
      'an object as JSON, with no data around it',
      { body: { a: [1] } },
      200,
      'application/json; charset=utf-8',
      '{"a":[1]}',
    ],
    ['an array as JSON', { body: [1, 'b'] }, 200, 'application/json; charset=utf-8', '[1,"b"]'],
    ['no body at all', { statusCode: 202 }, 202, null, ''],
    ['204 without a body', { statusCode: 204, body: { a: 1 } }, 204, null, ''],
    ['304 without a body', { statusCode: 304, body: 'x' }, 304, null, ''],
    [
      'a configured content type',
      { headers: [{ name: 'Content-Type', value: 'application/xml' }], body: '<a/>' },
      200,
      'application/xml',
      '<a/>',
    ],
  ])('sends %s', async (_, response, status, contentType, body) => {
    const { key } = await createWorkflow(app, { config: { response } });
    const got = await call(app, key, { body: {} });
    expect([got.status, got.headers.get('content-type'), await got.text()]).toEqual([status, contentType, body]);
  });
});

describe('a synchronous webhook', () => {
  it('responds with the Response node of the branch that is taken', async () => {
    const isPaid = {
      type: 'condition',
      config: {
        rejectOnFalse: false,
        engine: 'basic',
        calculation: {
          group: {
            type: 'and',
            calculations: [{ calculator: 'equal', operands: ['{{$context.body.state}}', 'paid'] }],
          },
        },
      },
      branches: {
        1: respond({
          statusCode: 201,
          headers: [{ name: 'X-State', value: '{{$context.body.state}}' }],
          body: { ok: true },
        }),
        0: respond({ statusCode: 402, body: 'not {{$context.body.state}}' }),
      },
    };
    // What follows the branch must not be executed: a Response node ends the workflow.
    const { key } = await createWorkflow(app, { sync: true, nodes: [isPaid, ...respond({ statusCode: 599 })] });
    const paid = await call(app, key, { body: { state: 'paid' } });
    expect([paid.status, paid.headers.get('x-state'), await paid.json()]).toEqual([201, 'paid', { ok: true }]);
    const open = await call(app, key, { body: { state: 'open' } });
    expect([open.status, await open.text()]).toEqual([402, 'not open']);
  });

  it('ends from inside a loop', async () => {
    const loop = {
      type: 'loop',
      config: { target: [1, 2, 3] },
      branches: { 0: respond({ statusCode: 200, body: { item: '{{$scopes.LOOP.item}}' } }) },
    };
    const { key } = await createWorkflow(app, { sync: true, nodes: [loop, ...respond({ statusCode: 599 })] });
    expect((await call(app, key, { body: {} })).status).toBe(200);
    expect((await executions(app, key)).map(({ status }) => status)).toEqual([1]);
  });

  it('responds with 200 and an empty body if it ends without a Response node', async () => {
    const { key } = await createWorkflow(app, { sync: true });
    const response = await call(app, key, { body: {} });
    expect([response.status, await response.text()]).toEqual([200, '']);
  });

  it('responds with {} if a Response node has no configuration', async () => {
    const { key } = await createWorkflow(app, { sync: true, nodes: respond({}) });
    const response = await call(app, key, { body: {} });
    expect([response.status, await response.text()]).toEqual([200, '{}']);
  });

  it('responds with 500 if it failed, without details', async () => {
    const { key } = await createWorkflow(app, { sync: true, nodes: [{ type: 'end', config: { endStatus: -1 } }] });
    expect(await rejection(await call(app, key, { body: {} }))).toMatchObject({ status: 500, code: 'WORKFLOW_FAILED' });
  });

  it('responds with 500 if a header of a Response node contains a line break', async () => {
    const nodes = respond({ headers: [{ name: 'X-Id', value: '{{$context.body.id}}' }] });
    const { key } = await createWorkflow(app, { sync: true, nodes });
    const response = await call(app, key, { body: { id: 'a\nb' } });
    expect(await rejection(response)).toMatchObject({ status: 500, code: 'WORKFLOW_FAILED' });
  });

  it('responds with 408 when its own time limit ends it', async () => {
    const { key } = await createWorkflow(app, {
      sync: true,
      options: { timeout: 200 },
      nodes: [slow(dialect, 1), ...respond({ body: 'too late' })],
    });
    expect(await rejection(await call(app, key, { body: {} }))).toMatchObject({
      status: 408,
      code: 'WORKFLOW_TIMEOUT',
    });
    expect((await ended(app, key)).map(({ status, reason }) => [status, reason])).toEqual([[-3, 'timeout']]);
  });

  it('responds with 202 if it waits on a node, and the execution continues', async () => {
    const { key } = await createWorkflow(app, {
      sync: true,
      nodes: [{ type: 'delay', config: { unit: 1000, duration: 1, endStatus: 1 } }],
    });
    expect((await call(app, key, { body: {} })).status).toBe(202);
    expect((await ended(app, key)).map(({ status }) => status)).toEqual([1]);
  });
});

describe('rejections', () => {
  it('are the same for an unknown key, a disabled workflow and one of another type', async () => {
    const off = await createWorkflow(app, { enabled: false });
    const other = await createWorkflow(app, {
      type: 'collection',
      config: { collection: 'users', mode: 1, changed: [], condition: { $and: [] } },
    });
    const bodies = await Promise.all(
      ['nosuchkey', off.key, other.key].map(async (key) => {
        const response = await call(app, key, { body: {} });
        return [response.status, [...response.headers.keys()].sort().join(), await response.text()];
      }),
    );
    expect(bodies[0][0]).toBe(404);
    expect(bodies[1]).toEqual(bodies[0]);
    expect(bodies[2]).toEqual(bodies[0]);
  });

  it.each(['GET', 'PUT', 'PATCH', 'DELETE'])('are 405 with Allow for %s', async (method) => {
    const { key } = await createWorkflow(app);
    const response = await call(app, key, { method });
    expect(response.headers.get('allow')).toBe('POST');
    expect(await rejection(response)).toMatchObject({ status: 405, code: 'METHOD_NOT_ALLOWED' });
  });

  it('are 401 with a challenge for missing or wrong credentials, before anything is parsed', async () => {
    const { key } = await createWorkflow(app, {
      config: { basicAuthentication: { username: 'user', password: 'pä:ss:wörd' } },
    });
    for (const headers of [{}, basic('user:no'), basic('other:pä:ss:wörd'), { authorization: 'Bearer x' }]) {
      const response = await call(app, key, {
        headers: { 'content-type': 'application/json', ...headers } as Record<string, string>,
        body: '{broken',
      });
      expect(response.headers.get('www-authenticate')).toMatch(/^Basic realm="[^"]+", charset="UTF-8"$/);
      expect(await rejection(response)).toMatchObject({ status: 401, code: 'UNAUTHORIZED' });
    }
    expect((await call(app, key, { headers: basic('user:pä:ss:wörd'), body: {} })).status).toBe(200);
  });

  it('read credentials from variables and secrets, and use a changed one from the next request on', async () => {
    await app.api('POST', 'environmentVariables:create', { name: 'HOOK_PASSWORD', type: 'secret', value: 'first' });
    const { key } = await createWorkflow(app, {
      config: { basicAuthentication: { username: 'u', password: '{{$env.HOOK_PASSWORD}}' } },
    });
    const status = async (password: string) =>
      (await call(app, key, { headers: basic(`u:${password}`), body: {} })).status;
    expect([await status('first'), await status('second'), await status('{{$env.HOOK_PASSWORD}}')]).toEqual([
      200, 401, 401,
    ]);
    await settled(app);
    await app.api('POST', 'environmentVariables:update?filterByTk=HOOK_PASSWORD', { value: 'second' });
    expect([await status('first'), await status('second')]).toEqual([401, 200]);
  });

  it('are 500 for a secret that is missing: no request is accepted', async () => {
    const { key } = await createWorkflow(app, {
      config: { basicAuthentication: { username: 'u', password: '{{$env.NO_SUCH_SECRET}}' } },
    });
    for (const headers of [{}, basic('u:'), basic('u:undefined')]) {
      const response = await call(app, key, { headers: headers as Record<string, string>, body: {} });
      expect(await rejection(response)).toMatchObject({ status: 500, code: 'WEBHOOK_MISCONFIGURED' });
    }
  });

  it.each([
    ['malformed JSON', 'application/json', '{"a":1,\n}', 'line 2, column 1'],
    ['malformed percent-encoding in a form', 'application/x-www-form-urlencoded', 'a=%zz', 'line 1, column 3'],
    ['a charset that is unknown', 'text/plain; charset=utf-7', Buffer.from([0xff]), 'utf-7'],
    ["bytes that aren't UTF-8", 'application/json', Buffer.from([0x22, 0xff, 0x22]), 'line 1, column 2'],
    ["bytes that aren't UTF-8 as text", 'text/plain', Buffer.from([0x61, 0xc3]), 'line 1, column 2'],
  ])('are 400 with the position for %s', async (_, contentType, body, place) => {
    const { key } = await createWorkflow(app);
    const rejected = await rejection(await call(app, key, { headers: { 'content-type': contentType }, body }));
    expect(rejected.status).toBe(400);
    expect(rejected.message).toContain(place);
  });

  it('are 413 for a body over the limit, as sent or as inflated', async () => {
    const { key } = await createWorkflow(app);
    const large = JSON.stringify('x'.repeat(1024 * 1024));
    for (const [encoding, body] of [
      ['identity', large],
      ['gzip', gzipSync(large)],
      ['deflate', deflateSync(large)],
      ['br', brotliCompressSync(large)],
    ] as const) {
      const headers = { 'content-type': 'application/json', 'content-encoding': encoding };
      expect(await rejection(await call(app, key, { headers, body }))).toMatchObject({
        status: 413,
        code: 'BODY_TOO_LARGE',
      });
    }
  });

  it.each(['image/png', 'application/pdf', 'multipart/alternative; boundary=x'])(
    'are 415 for %s',
    async (contentType) => {
      const { key } = await createWorkflow(app);
      const rejected = await rejection(await call(app, key, { headers: { 'content-type': contentType }, body: 'x' }));
      expect(rejected).toMatchObject({ status: 415, code: 'CONTENT_TYPE_UNSUPPORTED' });
    },
  );
});

describe('bodies', () => {
  it.each([
    ['application/vnd.api+json', '\ufeff{"a":1,"a":2,"__proto__":{"x":1}}', '{"a":2,"__proto__":{"x":1}}'],
    ['application/x-www-form-urlencoded', 'order[id]=7&tag=a&tag=b', '{"order":{"id":"7"},"tag":["a","b"]}'],
    ['text/plain', 'héllo\n', '"héllo\\n"'],
    ['application/json', '12345678901234567890', '12345678901234567000'],
  ])('of type %s are read', async (contentType, body, read) => {
    const { key } = await createWorkflow(app);
    const response = await call(app, key, { headers: { 'content-type': contentType }, body });
    expect(response.status).toBe(200);
    const [{ context }] = await ended(app, key);
    expect(JSON.stringify(context.body)).toBe(read);
  });

  it('that are empty count as none, whatever their type', async () => {
    const { key } = await createWorkflow(app);
    expect((await call(app, key, { headers: { 'content-type': 'image/png' } })).status).toBe(200);
    const [{ context }] = await ended(app, key);
    expect(context).not.toHaveProperty('body');
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('encoded as %s are inflated', async (encoding, compress) => {
    const { key } = await createWorkflow(app);
    const headers = { 'content-type': 'application/json', 'content-encoding': encoding };
    expect((await call(app, key, { headers, body: compress('{"a":[1,2]}') })).status).toBe(200);
    const [{ context }] = await ended(app, key);
    expect(context.body).toEqual({ a: [1, 2] });
  });
});

describe('saving', () => {
  it('an invalid trigger configuration fails with an error per field', async () => {
    const config = { basicAuthentication: { username: 'u' }, response: { statusCode: 99, headers: [{ name: '1' }] } };
    await expect(app.api('POST', 'workflows:create', { title: 't', type: 'webhook', config })).rejects.toThrow(
      /400.*basicAuthentication\.password.*response\.statusCode.*response\.headers\.0\.name/s,
    );
    await expect(
      app.api('POST', 'workflows:create', { title: 't', type: 'webhook', config: { request: { body: 'x' } } }),
    ).rejects.toThrow(/400.*request\.body/s);
  });

  it('a Response node is possible in synchronous webhook workflows only', async () => {
    const schedule = { type: 'schedule', config: { mode: 0, startsOn: '2030-01-01T00:00:00Z' } };
    for (const spec of [{ sync: false }, { ...schedule, sync: true }]) {
      await expect(createWorkflow(app, { ...spec, enabled: false, nodes: respond({}) })).rejects.toThrow(/400/);
    }
    await expect(
      createWorkflow(app, { sync: true, enabled: false, nodes: respond({ statusCode: 1 }) }),
    ).rejects.toThrow(/400.*statusCode/s);
  });
});

describe('a manual execution', () => {
  it.each([
    [
      'with headers, query and body',
      { headers: { 'x-a': '1' }, query: { q: 'z' }, body: { id: 3 } },
      { 'x-a': '1', 'X-A': '1' },
      { q: 'z' },
      { id: 3 },
    ],
    ['with a query as text', { query: 'q=z' }, {}, { q: 'z' }, {}],
    ['with nothing', {}, {}, {}, {}],
  ])('works %s', async (_, values, headers, query, body) => {
    const { id, key } = await createWorkflow(app, {
      enabled: false,
      sync: true,
      config: {
        basicAuthentication: { username: 'u', password: 'p' },
        request: { headers: [{ key: 'X-A' }], query: [{ key: 'q' }], body: [{ key: 'id' }] },
      },
      nodes: respond({ body: '{{$context.body.id}}' }),
    });
    await app.api('POST', `workflows:execute?filterByTk=${id}`, values);
    const [{ status, context }] = await ended(app, key);
    expect(status).toBe(1);
    expect(context).toEqual({ headers, query, body });
  });
});

describe('toggling', () => {
  it('a workflow off rejects the next request, and on again accepts the one after', async () => {
    const { id, key } = await createWorkflow(app);
    const statuses: number[] = [];
    for (const enabled of [true, false, true]) {
      await setEnabled(app, id, enabled);
      statuses.push((await call(app, key, { body: {} })).status);
    }
    expect(statuses).toEqual([200, 404, 200]);
    expect(await ended(app, key, 2)).toHaveLength(2);
  });

  it('to a new version keeps the URL', async () => {
    const { id, key } = await createWorkflow(app, { config: { response: { body: 'one' } } });
    expect(await (await call(app, key, { body: {} })).text()).toBe('one');
    await settled(app);
    const query = new URLSearchParams({ filterByTk: String(id), filter: JSON.stringify({ key }) });
    const next = await app.api<{ id: string }>('POST', `workflows:revision?${query}`, {});
    await app.api('POST', `workflows:update?filterByTk=${next.id}`, { config: { response: { body: 'two' } } });
    await setEnabled(app, next.id, true);
    expect(await (await call(app, key, { body: {} })).text()).toBe('two');
  });
});

describe('the editor', () => {
  it('gets the paths of a sample, and errors with their position', async () => {
    const infer = (sample: string, kind: string) => app.api('POST', 'webhook:inferPaths', { sample, kind });
    expect(await infer('{"a":1,"b":{"c":2}}', 'json')).toEqual({ ok: true, paths: ['a', 'b', 'b.c'] });
    expect(await infer('https://example.com/x?query[0][a]=1', 'query')).toEqual({
      ok: true,
      paths: ['query', 'query[0]', 'query[0].a'],
    });
    expect(await infer('{\n"a" 1}', 'json')).toMatchObject({ ok: false, error: { line: 2 } });
    await expect(infer('{}', 'xml')).rejects.toThrow(/400/);
    const anonymous = await app.fetch('webhook:inferPaths', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"sample":"{}","kind":"json"}',
    });
    expect([401, 403]).toContain(anonymous.status);
  });
});
