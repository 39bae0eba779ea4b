import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, bootApp } from '../support/app';
import { logged, nextSecond } from '../support/wait';
import { call, createWorkflow, ended, executions, sendRaw } from './support';

let app: App;
let key: string;
let otherKey: string;
beforeAll(async () => {
  app = await bootApp({});
  ({ key } = await createWorkflow(app, { config: { response: { body: 'mine' } } }));
  ({ key: otherKey } = await createWorkflow(app, { config: { response: { body: 'other' } } }));
});
afterAll(() => app.stop());

const head = (path: string, ...headers: string[]) =>
  [`POST ${path} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...headers, '', ''].join('\r\n');
const trigger = () => `/api/webhook:trigger/${key}`;
const JSON_TYPE = 'Content-Type: application/json';

describe('nothing that a sender writes changes which workflow is executed, or whether one is', () => {
  it.each([
    'filter=x',
    'filter={"key":1}',
    'filterByTk=OTHER',
    'filterByTk[]=OTHER',
    'values[key]=OTHER',
    'resourceName=users&actionName=list',
    'associatedIndex=1',
    'token=x',
    'locale=zh-CN',
    'locale=a&locale=b',
    'locale[]=',
    'locale[x]=y',
    'locale=..%2F..%2Fx',
    'sort=x&fields=y&page=z&pageSize=q&appends=w&except=e&whitelist=r&blacklist=t',
    'triggerWorkflows=OTHER',
    '%',
    'a=%zz&b=%E0%A4%A',
    '__proto__[x]=1&constructor[prototype]=2',
    `${'a['.repeat(2000)}`,
  ])('no query such as ?%s', async (query) => {
    const before = (await executions(app, key)).length;
    const response = await sendRaw(app, [
      head(`${trigger()}?${query.replace('OTHER', otherKey)}`, 'Content-Length: 0'),
    ]);
    expect(response).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\nmine$/);
    expect(await ended(app, key, before + 1)).toHaveLength(before + 1);
  });

  it.each([
    ['X-Data-Source', 'nosuch'],
    ['X-Role', 'nosuch'],
    ['X-Authenticator', 'nosuch'],
    ['X-Locale', 'nosuch'],
    ['X-Locale', '../../etc'],
    ['X-Timezone', 'nosuch'],
    ['X-With-ACL-Meta', '1'],
    ['Accept-Language', ';;;'],
    ['Authorization', 'Bearer nonsense'],
    ['Authorization', 'Basic dTpw'],
    ['Cookie', 'a=%zz'],
    ['X-HTTP-Method-Override', 'GET'],
    ['X-Forwarded-For', 'nonsense'],
  ])('no header such as %s: %s', async (name, value) => {
    const response = await sendRaw(app, [head(trigger(), 'Content-Length: 0', `${name}: ${value}`)]);
    expect(response).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\nmine$/);
  });

  it('and no request that names its workflow in another way than by the path is accepted', async () => {
    for (const path of [`/api/webhook:trigger?filterByTk=${key}`, '/api/webhook:trigger', '/api/webhook:trigger/']) {
      const response = await sendRaw(app, [head(path, 'Content-Length: 0')]);
      expect(response).toMatch(/^HTTP\/1\.1 404 /);
    }
  });
});

describe('paths', () => {
  it.each(['%', '%zz', '%E0%A4%A', '%00', '..', 'a%2Fb', '%2e%2e%2f', '💥'.repeat(3)])(
    'that hold no key, such as %s, get 404 in the usual form',
    async (segment) => {
      const response = await sendRaw(app, [
        head(`/api/webhook:trigger/${Buffer.from(segment).toString('latin1')}`, 'Content-Length: 0'),
      ]);
      expect(response).toMatch(/^HTTP\/1\.1 4\d\d /);
      if (response.includes('json')) {
        expect(response).toMatch(/404[^]*"errors"/);
      }
    },
  );

  it('with an escaped colon are the same path', async () => {
    const response = await sendRaw(app, [head(`/api/webhook%3Atrigger/${key}`, 'Content-Length: 0')]);
    expect(response).toMatch(/^HTTP\/1\.1 200 [^]*mine$/);
  });
});

describe('bodies on the wire', () => {
  it('in three chunks with pauses between them are complete', async () => {
    const workflow = await createWorkflow(app);
    const chunks = ['{"a":', '"é', '"}'].map((part) => Buffer.from(part));
    const framed = chunks.map((part) =>
      Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]),
    );
    const start = head(`/api/webhook:trigger/${workflow.key}`, JSON_TYPE, 'Transfer-Encoding: chunked');
    const response = await sendRaw(app, [start, ...framed, '0\r\n\r\n'], { pause: 50 });
    expect(response).toMatch(/^HTTP\/1\.1 200 /);
    const [{ context }] = await ended(app, workflow.key);
    expect(context.body).toEqual({ a: 'é' });
  });

  it('split inside a character are complete', async () => {
    const workflow = await createWorkflow(app);
    const body = Buffer.from('"é"');
    const start = head(`/api/webhook:trigger/${workflow.key}`, JSON_TYPE, `Content-Length: ${body.length}`);
    const response = await sendRaw(app, [start, body.subarray(0, 2), body.subarray(2)], { pause: 50 });
    expect(response).toMatch(/^HTTP\/1\.1 200 /);
    expect((await ended(app, workflow.key))[0].context.body).toBe('é');
  });

  it('of a client that disconnects in the middle start nothing, and the app continues', async () => {
    const workflow = await createWorkflow(app);
    const start = head(`/api/webhook:trigger/${workflow.key}`, JSON_TYPE, 'Content-Length: 100');
    await sendRaw(app, [start, '{"a":1'], { pause: 50, hangUp: true });
    expect((await call(app, key, { body: {} })).status).toBe(200);
    expect(await executions(app, workflow.key)).toEqual([]);
  });

  it("longer than their Content-Length are cut there, and the rest isn't read as a request", async () => {
    const workflow = await createWorkflow(app);
    const start = head(`/api/webhook:trigger/${workflow.key}`, JSON_TYPE, 'Content-Length: 7');
    const response = await sendRaw(app, [`${start}{"a":1}{"b":2}`]);
    expect(response).toMatch(/^HTTP\/1\.1 (200|400) /);
    const found = await executions(app, workflow.key);
    expect(found.every(({ context }) => JSON.stringify(context.body) === '{"a":1}')).toBe(true);
  });

  it('declared larger than the limit are rejected without waiting for them', async () => {
    const start = head(trigger(), JSON_TYPE, 'Content-Length: 99999999999');
    expect(await sendRaw(app, [start])).toMatch(/^HTTP\/1\.1 413 [^]*BODY_TOO_LARGE/);
  });

  it('of several megabytes are judged off the main thread and stay complete', async () => {
    const workflow = await createWorkflow(app, { config: { request: { keep: 'listed', body: [{ key: 'last' }] } } });
    const response = await call(app, workflow.key, { body: { filler: 'x'.repeat(3_000_000), last: 'found' } });
    expect(response.status).toBe(200);
    expect((await ended(app, workflow.key))[0].context.body).toEqual({ last: 'found' });
  });
});

describe('secrets', () => {
  it('of a rejected request are in no log', async () => {
    const workflow = await createWorkflow(app, {
      config: { basicAuthentication: { username: 'sesame-user', password: 'sesame-password' } },
    });
    const wrong = Buffer.from('sesame-user:sesame-wrong').toString('base64');
    const authorization = `Basic ${wrong}`;
    await nextSecond();
    // NocoBase logs what the editor saves; this is about what a sender causes.
    const before = app.logs().length;
    expect((await call(app, workflow.key, { headers: { authorization }, body: {} })).status).toBe(401);
    const log = await logged(app, 'webhook request rejected: 401', before);
    for (const secret of ['sesame-password', 'sesame-wrong', wrong]) {
      expect(log).not.toContain(secret);
    }
  });
});
