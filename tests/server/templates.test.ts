import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, bootApp, dialect } from '../support/app';
import { logged, nextSecond } from '../support/wait';
import { call, createWorkflow, ended, sendRaw, settled } from './support';

let app: App;
beforeAll(async () => {
  app = await bootApp();
});
afterAll(() => app.remove());

/** Text that a replacement pattern or a second rendering would change. */
const HOSTILE = { a: '{{$context.body.b}}$&$$', b: 'secret of b', object: { toString: 1 }, list: [1, { a: '$&' }] };
const TEXT = 'a={{$context.body.a}} b={{$context.body.b}} o={{$context.body.object}} l={{$context.body.list}}';
const FILLED = 'a={{$context.body.b}}$&$$ b=secret of b o={"toString":1} l=1,{"a":"$&"}';

describe('credentials with variables', () => {
  const status = async (key: string, password: string) => {
    const authorization = `Basic ${Buffer.from(`u:${password}`).toString('base64')}`;
    return (await call(app, key, { headers: { authorization }, body: {} })).status;
  };
  const withPassword = (password: string) =>
    createWorkflow(app, { config: { basicAuthentication: { username: 'u', password } } });

  it('use the value as it is, whatever patterns and templates it contains', async () => {
    const value = 'a$$b$&c{{$env.HOOK_OTHER}}';
    for (const [name, text] of [
      ['HOOK_ODD', value],
      ['HOOK_OTHER', 'other'],
    ]) {
      await app.api('POST', 'environmentVariables:create', { name, type: 'secret', value: text });
    }
    const { key } = await withPassword('p-{{$env.HOOK_ODD}}-{{ $env.HOOK_OTHER }}');
    expect(await status(key, `p-${value}-other`)).toBe(200);
    for (const wrong of ['p-a$b{{$env.HOOK_ODD}}c', 'p-', 'p--other', 'p-a$$b$&cother-other']) {
      expect(await status(key, wrong)).toBe(401);
    }
  });

  it.each([
    ['missing', 'p-{{$env.HOOK_NO_SUCH}}', ['p-', 'p-undefined', 'p-{{$env.HOOK_NO_SUCH}}']],
    ['blank', 'p-{{$env.HOOK_BLANK}}', ['p-', 'p- ', 'p-{{$env.HOOK_BLANK}}']],
  ])("with a %s one are misconfigured, and the rest of the text isn't the secret", async (_, password, sent) => {
    await app.api('POST', 'environmentVariables:create', { name: 'HOOK_BLANK', type: 'default', value: ' ' }).catch(
      // The second of the two runs finds it there.
      () => undefined,
    );
    const { id, key } = await withPassword(password);
    await nextSecond();
    const before = app.logs().length;
    for (const guess of sent) {
      expect(await status(key, guess)).toBe(500);
    }
    const line = `WEBHOOK_MISCONFIGURED (workflow ${id}, key ${key}, from 127.0.0.1)`;
    await logged(app, `${line}: basicAuthentication.password: expected a value for`, before);
  });

  it("with what every object has are misconfigured: it isn't a variable", async () => {
    const { key } = await withPassword('{{$env.constructor.name}}');
    expect(await status(key, 'Object')).toBe(500);
  });

  it('with a template that nothing fills are rejected when the configuration is saved', async () => {
    for (const password of [
      '{{$context.body.a}}',
      '{{$env["HOOK_ODD"]}}',
      'p-{{ $env .HOOK_ODD}}',
      '{{$system.now}}',
    ]) {
      await expect(withPassword(password)).rejects.toThrow(/400.*basicAuthentication.password/);
    }
  });

  it('with such a template let nobody in either where they were saved earlier', async () => {
    const config = { basicAuthentication: { username: 'u', password: '{{$context.body.a}}' } };
    const headers = `authorization: Basic ${Buffer.from('u:{{$context.body.a}}').toString('base64')}`;
    const diagnosed = await app.api('POST', 'webhook:diagnose', { config, headers, body: '' });
    expect(diagnosed).toMatchObject({ accepted: false, issues: [{ path: 'basicAuthentication.password' }] });
  });
});

describe('a response with templates', () => {
  const response = {
    statusCode: 201,
    headers: [{ name: 'X-Text', value: TEXT }],
    body: { text: TEXT, a: '{{$context.body.a}}', object: '{{$context.body.object}}' },
  };
  const expected = { text: FILLED, a: HOSTILE.a, object: HOSTILE.object };

  it.each([
    ['the trigger', { config: { response } }],
    ['a Response node', { sync: true, nodes: [{ type: 'response', config: response }] }],
  ])('of %s uses the values of a request as they are', async (_, definition) => {
    const { key } = await createWorkflow(app, definition);
    const got = await call(app, key, { body: HOSTILE });
    expect([got.status, got.headers.get('x-text'), await got.json()]).toEqual([201, FILLED, expected]);
    await settled(app);
  });

  it('leaves out a header whose value has a line break, stores the event, and logs it for the owner', async () => {
    const headers = [
      { name: 'X-Id', value: '{{$context.body.id}}' },
      { name: 'X-Other', value: 'o-{{$context.body.id}}' },
      { name: 'X-Kept', value: 'kept' },
    ];
    const { id, key } = await createWorkflow(app, { config: { response: { headers, body: 'ok' } } });
    await nextSecond();
    const before = app.logs().length;
    const got = await call(app, key, { body: { id: 'a\r\nset-cookie: b=1' } });
    expect([got.status, await got.text()]).toEqual([200, 'ok']);
    expect(['x-id', 'x-other', 'set-cookie'].map((name) => got.headers.has(name))).toEqual([false, false, false]);
    expect(got.headers.get('x-kept')).toBe('kept');
    expect(await ended(app, key)).toHaveLength(1);
    const line = `webhook response incomplete (workflow ${id}, key ${key}, from 127.0.0.1)`;
    await logged(app, `${line}: expected a value without control characters`, before);
  });
});

describe('response headers', () => {
  it('that HTTP reserves are rejected when the configuration is saved', async () => {
    for (const name of ['Trailer', 'Keep-Alive', 'TE', 'Upgrade', 'Transfer-Encoding', 'Content-Length']) {
      const response = { headers: [{ name, value: 'x' }] };
      await expect(createWorkflow(app, { config: { response } })).rejects.toThrow(/400/);
      const nodes = [{ type: 'response', config: response }];
      await expect(createWorkflow(app, { sync: true, nodes })).rejects.toThrow(/400/);
    }
  });

  it.each([
    ['a text', 'grün'],
    ['an object', { a: 'grün' }],
    ['nothing', undefined],
  ])('are sent as UTF-8 if the body is %s', async (_, body) => {
    const headers = [{ name: 'X-Text', value: 'grün {{$context.body.text}}' }];
    const { key } = await createWorkflow(app, { config: { response: { headers, body } } });
    // MariaDB stores no event with a lone surrogate.
    const [text, shown] = dialect === 'mariadb' ? ['日', '日'] : ['日\ud800', '日\ufffd'];
    const sent = JSON.stringify({ text });
    const received = await sendRaw(app, [
      `POST /api/webhook:trigger/${key} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${Buffer.byteLength(sent)}\r\n\r\n${sent}`,
    ]);
    const [head, rest] = Buffer.from(received, 'latin1').toString().split('\r\n\r\n');
    expect(head.toLowerCase().split('\r\n')).toContain(`x-text: grün ${shown}`);
    expect(rest).toContain(body === undefined ? '' : 'grün');
    await settled(app);
  });

  it('keep browsers from showing a body as a page of NocoBase', async () => {
    const policy = 'content-security-policy';
    const html = [{ name: 'Content-Type', value: 'text/html' }];
    for (const [headers, expected] of [
      [[], null],
      [html, 'sandbox'],
      [[...html, { name: 'Content-Security-Policy', value: "default-src 'none'" }], "default-src 'none'"],
    ] as const) {
      const { key } = await createWorkflow(app, { config: { response: { headers, body: '<p>' } } });
      const got = await call(app, key, { body: {} });
      expect([got.headers.get('x-content-type-options'), got.headers.get(policy)]).toEqual(['nosniff', expected]);
      await settled(app);
    }
    const unknown = await call(app, 'nosuch', { body: {} });
    expect([unknown.status, unknown.headers.get('x-content-type-options')]).toEqual([404, 'nosniff']);
  });
});

describe('a request without the right credentials', () => {
  it("is rejected before its body arrives, if a method doesn't need the body", async () => {
    const token = { scheme: { kind: 'token', from: { header: 'x-token' } }, secrets: ['s'] };
    const github = { preset: 'github', secrets: ['s'] };
    const { key } = await createWorkflow(app, { config: { authentication: [github, token] } });
    const received = await sendRaw(app, [
      `POST /api/webhook:trigger/${key} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Token: wrong\r\n` +
        'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{',
    ]);
    expect(received).toMatch(/^HTTP\/1.1 401 /);
  });

  it('is not accepted by a webhook with an empty list of methods', async () => {
    await expect(createWorkflow(app, { config: { authentication: [] } })).rejects.toThrow(/400/);
  });
});
