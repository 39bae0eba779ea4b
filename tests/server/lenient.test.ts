// Requests that aren't written as they should be, as real senders send them.
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type App, bootApp } from '../support/app';
import { logged } from '../support/wait';
import { call, type CallOptions, createWorkflow, ended, executions, sendRaw } from './support';

let app: App;
beforeAll(async () => {
  app = await bootApp();
});
afterAll(() => app.remove());

const FORM = 'application/x-www-form-urlencoded';
const bytes = (latin1: string) => Buffer.from(latin1, 'latin1');
const typed = (type: string, body: string | Uint8Array): CallOptions => ({ headers: { 'content-type': type }, body });

/** A multipart body with lines of a kind. */
const multipart = (parts: [string[], string][], { lineBreak = '\r\n', end = '--' } = {}) =>
  bytes(
    parts.map(([head, content]) => ['--b', ...head, '', content, ''].join(lineBreak)).join('') +
      `--b${end}${lineBreak}`,
  );
const disposition = (rest: string) => `Content-Disposition: form-data; ${rest}`;

it.each<[string, object, CallOptions, unknown]>([
  ['text in windows-1252', {}, typed('text/plain; charset=windows-1252', bytes('Stra\xdfe')), 'Straße'],
  ['a form in windows-1252', {}, typed(`${FORM}; charset=windows-1252`, 'a=Hauptstra%DFe'), { a: 'Hauptstraße' }],
  ['a form in GBK', {}, typed(`${FORM}; charset=GBK`, bytes('a=\xc4\xe3\xba\xc3')), { a: '你好' }],
  ['XML in Shift_JIS', {}, typed('text/xml; charset=Shift_JIS', bytes('<a>\x83\x65</a>')), { a: 'テ' }],
  ['a form in the configured charset', { charset: 'windows-1252' }, typed(FORM, 'a=%FC'), { a: 'ü' }],
  ['UTF-8 JSON with another label', {}, typed('application/json; charset=iso-8859-1', '{"a":"ü"}'), { a: 'ü' }],
  [
    'a multipart field in another charset',
    { charset: 'windows-1252' },
    typed('multipart/form-data; boundary=b', multipart([[[disposition('name="a"')], 'Gr\xfc\xdfe']])),
    { a: 'Grüße' },
  ],
  [
    'a multipart field in no known charset',
    {},
    typed('multipart/form-data; boundary=b', multipart([[[disposition('name="a"')], 'Gr\xfc\xdfe']])),
    { a: 'Gr��e' },
  ],
  ['JSON labelled as a form', {}, typed(FORM, '{"temp":21.5}'), { temp: 21.5 }],
  [
    'JSON labelled as text',
    {},
    typed('text/plain; charset=UTF-8', '{"Type":"Notification"}'),
    { Type: 'Notification' },
  ],
  ['JSON that is to be read as text', { readAs: 'text' }, typed('text/plain', '{"a":1}'), '{"a":1}'],
  ['a form behind a byte order mark', {}, typed(FORM, '\ufeffa=1'), { a: '1' }],
  ['JSON without a content type', {}, typed('', '[1]'), [1]],
  ['the content type "json"', {}, typed('json', '[1]'), [1]],
  ['the content type twice', {}, typed('application/json, application/json', '[1]'), [1]],
  ['a content type without its semicolon', {}, typed('application/json charset=utf-8', '[1]'), [1]],
  ['white space with a JSON type', {}, typed('application/json', '\r\n'), undefined],
  [
    'a charset as content encoding',
    {},
    { headers: { 'content-type': 'application/json', 'content-encoding': 'UTF-8' }, body: '[1]' },
    [1],
  ],
  [
    'a content encoding that was undone before',
    {},
    { headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' }, body: '[1]' },
    [1],
  ],
  [
    'a JSON part with a file name',
    {},
    typed(
      'multipart/form-data; boundary=b',
      multipart([[[disposition('name="a"; filename="x.json"'), 'Content-Type: application/json'], '{"b":1}']]),
    ),
    { a: { b: 1 } },
  ],
  [
    'multipart with LF, without its end and with an encoded part',
    {},
    typed(
      'multipart/form-data; boundary=b',
      multipart([[[disposition('name="a"'), 'Content-Transfer-Encoding: base64'], 'R3LDvMOfZQ==']], {
        lineBreak: '\n',
        end: '',
      }),
    ),
    { a: 'Grüße' },
  ],
  [
    'multipart/mixed',
    {},
    typed('multipart/mixed; boundary=b', multipart([[['Content-Type: application/json'], '{"b":1}']])),
    { 0: { b: 1 } },
  ],
  ['XML with a document type', {}, typed('text/xml', '<!DOCTYPE a SYSTEM "a.dtd"><a>1</a>'), { a: '1' }],
  [
    'JSON in a field of a form',
    { decode: [{ path: 'payload', as: 'json' }] },
    typed(FORM, 'payload=%7B%22a%22%3A%7B%22b%22%3A1%7D%7D'),
    { payload: { a: { b: 1 } } },
  ],
  [
    'JSON in base64',
    { decode: [{ path: 'message.data', as: 'base64json' }] },
    typed('application/json', '{"message":{"data":"eyJhIjoxfQ=="}}'),
    { message: { data: { a: 1 } } },
  ],
  [
    'large numbers as text',
    { bigNumbers: 'text' },
    typed('application/json', '[1283746512837465128,1.10]'),
    ['1283746512837465128', 1.1],
  ],
  [
    'large numbers as JavaScript rounds them',
    {},
    typed('application/json', '[1283746512837465128]'),
    [1283746512837465000],
  ],
  [
    'a list at the top',
    { body: [{ key: '[].event', _var: 'events' }] },
    typed('application/json', '[{"event":"open"}]'),
    { events: ['open'] },
  ],
])('reads %s', async (_, request, options, body) => {
  const { key } = await createWorkflow(app, { config: { request } });
  expect((await call(app, key, options)).status).toBe(200);
  const [{ context }] = await ended(app, key);
  expect(context.body).toEqual(body);
});

it.each<[string, CallOptions, number]>([
  ['a content type that is nonsense', typed('nonsense', 'x'), 415],
  ['no content type and bytes that look like nothing', typed('', 'x'), 415],
  ['a charset that is nonsense', typed('text/plain; charset=nonsense', bytes('\xff')), 400],
  ['bytes that the charset has no character for', typed('text/plain; charset=gbk', bytes('\xff')), 400],
  ['JSON in another charset than UTF-8', typed('application/json; charset=gbk', bytes('"\xc4\xe3"')), 400],
  ['XML with declarations', typed('text/xml', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), 400],
])('rejects %s', async (_, options, status) => {
  const { key } = await createWorkflow(app);
  expect((await call(app, key, options)).status).toBe(status);
});

it('logs once a minute what was not written as it should be', async () => {
  const { key } = await createWorkflow(app);
  await call(app, key, typed(FORM, '{"a":1}'));
  await logged(app, `key ${key}`);
  await logged(app, 'it has JSON that is labelled as a form or a text');
  expect(await ended(app, key)).toHaveLength(1);
});

it("reads JSON in a form of GitHub's, whose signature covers the bytes as sent", async () => {
  const { key } = await createWorkflow(app, {
    config: {
      authentication: [{ preset: 'github', secrets: ['s3cret'] }],
      request: { keep: 'listed', body: [{ key: 'payload.repository.full_name', _var: 'name' }] },
    },
  });
  const body = `payload=${encodeURIComponent('{"repository":{"full_name":"a/b"}}')}`;
  const signature = createHmac('sha256', 's3cret').update(body).digest('hex');
  const headers = { 'content-type': FORM, 'x-hub-signature-256': `sha256=${signature}` };
  expect((await call(app, key, { headers, body })).status).toBe(200);
  expect((await ended(app, key))[0].context.body).toEqual({ name: 'a/b' });
});

it('answers HEAD without authentication, body and event, if that is configured', async () => {
  const basicAuthentication = { username: 'user', password: 'password' };
  for (const request of [{ answerHead: true }, { methods: ['POST', 'HEAD'] }]) {
    const { key } = await createWorkflow(app, { config: { basicAuthentication, request } });
    const response = await call(app, key, { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect((await call(app, key, { body: {} })).status).toBe(401);
    expect(await executions(app, key)).toEqual([]);
  }
  const { key } = await createWorkflow(app, { config: {} });
  expect((await call(app, key, { method: 'HEAD' })).status).toBe(405);
});

it("answers the OPTIONS of CloudEvents' abuse protection without an event", async () => {
  const { key } = await createWorkflow(app, {
    config: { basicAuthentication: { username: 'u', password: 'p' }, handshake: { kind: 'cloudevents' } },
  });
  const headers = { 'webhook-request-origin': 'eventgrid.azure.net', 'webhook-request-rate': '120' };
  const response = await call(app, key, { method: 'OPTIONS', headers });
  expect(response.status).toBe(200);
  expect(response.headers.get('webhook-allowed-origin')).toBe('eventgrid.azure.net');
  expect(response.headers.get('webhook-allowed-rate')).toBe('*');
  expect((await call(app, key, { method: 'OPTIONS' })).status).toBe(405);
  expect(await executions(app, key)).toEqual([]);
});

it('reads header values in UTF-8 and sends them so', async () => {
  const { key, url } = await createWorkflow(app, {
    config: {
      request: { headers: [{ key: 'X-User' }] },
      response: { headers: [{ name: 'X-User', value: '{{$context.headers.X-User}}' }], body: 'ü' },
    },
  });
  const { pathname } = new URL(url);
  const send = (value: string) =>
    sendRaw(app, [
      Buffer.concat([
        Buffer.from(`POST ${pathname} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 0\r\nx-user: `),
        bytes(value),
        Buffer.from('\r\n\r\n'),
      ]),
    ]);
  const utf8 = Buffer.from('Jürgen 你好').toString('latin1');
  expect(await send(utf8)).toContain(`x-user: ${utf8}\r\n`);
  await send('J\xfcrgen');
  const contexts = (await ended(app, key, 2)).map(({ context }) => context.headers['X-User']);
  expect(contexts).toEqual(['Jürgen 你好', 'Jürgen']);
});

it('accepts a token in the query whose plus sign decodes to a space', async () => {
  const { key } = await createWorkflow(app, {
    config: { authentication: [{ scheme: { kind: 'token', from: { query: 'secret' } }, secrets: ['KBcC+fUo5z'] }] },
  });
  for (const [secret, status] of [
    ['KBcC+fUo5z', 200],
    ['KBcC%2BfUo5z', 200],
    ['KBcCfUo5z', 401],
  ] as const) {
    expect((await call(app, key, { query: `?secret=${secret}`, body: {} })).status).toBe(status);
  }
});

it('accepts HTTP Basic with an empty user name or password, but not with both', async () => {
  const create = (username: string, password: string) =>
    createWorkflow(app, { config: { basicAuthentication: { username, password } } });
  const authorization = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
  for (const [username, password] of [
    ['', 'pat'],
    ['user', ''],
  ]) {
    const { key } = await create(username, password);
    const headers = { authorization: authorization(`${username}:${password}`) };
    expect((await call(app, key, { headers, body: {} })).status).toBe(200);
    expect((await call(app, key, { headers: { authorization: authorization(':') }, body: {} })).status).toBe(401);
  }
  await expect(create('', '')).rejects.toThrow();
});
