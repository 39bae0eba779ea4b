// The editor's actions: the schemes of known senders, why a pasted request is rejected, and which requests were rejected.
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Check, ConfigIssue } from '../../index';
import type { Rejection } from '../../src/common/rejection';
import { type App, bootApp } from '../support/app';
import { logged, nextSecond } from '../support/wait';
import { call, createWorkflow, executions, memberToken } from './support';

let app: App;
beforeAll(async () => {
  app = await bootApp();
  await app.api('POST', 'environmentVariables:create', { name: 'SIGNING', type: 'secret', value: SECRET });
});
afterAll(() => app.remove());

const SECRET = 'hunter2-is-no-secret';
const body = '{"a":1,"b":"x/y"}';
const sign = (text: string, secret = SECRET) => `sha256=${createHmac('sha256', secret).update(text).digest('hex')}`;
const github = { authentication: [{ preset: 'github', secrets: ['{{$env.SIGNING}}'] }] };

interface Answer {
  accepted: boolean;
  checks: Check[];
  issues: ConfigIssue[];
}

const diagnose = (values: object) => app.api<Answer>('POST', 'webhook:diagnose', { headers: '', body: '', ...values });
const outcomes = ({ checks }: { checks: Check[] }) =>
  checks
    .filter(({ outcome }) => outcome !== 'notConfigured')
    .map(({ check, index = '', outcome }) => `${check}${index}:${outcome}`)
    .join(' ');
const post = (action: string, values: unknown, token?: string) =>
  app.fetch(`webhook:${action}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify(values),
  });

it('the schemes of known senders can be asked for', async () => {
  const { presets } = await app.api<{ presets: Record<string, unknown> }>('GET', 'webhook:presets');
  expect(Object.keys(presets)).toContain('stripe');
  expect(presets.github).toMatchObject({ kind: 'signature', from: { header: 'x-hub-signature-256' } });
});

describe('a pasted request', () => {
  it('is judged by a configuration that was not saved, with its secrets out of the variables', async () => {
    const headers = `POST /api/webhook:trigger/abc?x=1 HTTP/1.1\nContent-Type: application/json\nX-Hub-Signature-256: ${sign(body)}`;
    const good = await diagnose({ config: github, headers, body });
    expect(good).toMatchObject({ accepted: true, issues: [] });
    expect(outcomes(good)).toBe('method:passed size:passed authentication0:passed body:passed');
    const changed = await diagnose({ config: github, headers, body: '{"a": 1, "b": "x/y"}' });
    expect(outcomes(changed)).toBe('method:passed size:passed authentication0:failed body:notReached');
    expect(changed.checks.find(({ check }) => check === 'authentication')).toEqual({
      check: 'authentication',
      index: 0,
      outcome: 'failed',
      diagnosis: { code: 'NO_MATCH', signatures: 1, hint: 'bodyWhitespace', message: expect.any(String) },
      rejection: { status: 401, code: 'UNAUTHORIZED', message: expect.any(String) },
    });
    expect(JSON.stringify(changed)).not.toContain(SECRET);
  });

  it('may be bytes, in Base64', async () => {
    const bytes = Buffer.from([0x22, 0xc3, 0xab, 0x22]);
    const headers = `content-type: application/json\nx-hub-signature-256: ${sign(bytes.toString())}`;
    const pasted = { config: github, headers, body: bytes.toString('base64'), bodyEncoding: 'base64' };
    expect(await diagnose(pasted)).toMatchObject({ accepted: true });
  });

  it('came at the time that is given', async () => {
    const config = { authentication: [{ preset: 'slack', secrets: ['s'] }] };
    const signature = createHmac('sha256', 's').update('v0:1700000000:{}').digest('hex');
    const headers = `content-type: application/json\nx-slack-request-timestamp: 1700000000\nx-slack-signature: v0=${signature}`;
    const at = (time?: number) => diagnose({ config, headers, body: '{}', at: time });
    expect(await at(1_700_000_100_000)).toMatchObject({ accepted: true });
    expect((await at()).checks.find(({ check }) => check === 'authentication')?.diagnosis).toMatchObject({
      code: 'CLOCK_OFF',
    });
  });

  it('has its method and URL from the form, from its first line, or ones that fit', async () => {
    const config = { request: { methods: ['PUT'], params: [{ key: 'shop' }] } };
    const status = async (values: object) =>
      (await diagnose({ config, ...values })).checks.find(({ check }) => check === 'method')?.rejection?.status;
    const url = 'https://example.com/api/__app/a/webhook:trigger/key/shop?x=1';
    expect(await status({})).toBeUndefined();
    expect(await status({ method: 'put', url })).toBeUndefined();
    expect(await status({ method: 'POST' })).toBe(405);
    expect(await status({ method: 'PUT', url: url.replace('/shop', '') })).toBe(404);
    expect(await status({ headers: 'POST /api/webhook:trigger/key/shop HTTP/1.1' })).toBe(405);
    expect(await status({ method: 'PUT', headers: 'POST /api/webhook:trigger/key/shop HTTP/1.1' })).toBeUndefined();
    expect(await status({ headers: ':method: PUT\n:path: /api/webhook:trigger/key/a/b' })).toBe(404);
  });

  it('is signed with the URL that the sender called, as the headers of a trusted proxy say', async () => {
    const config = { authentication: [{ preset: 'twilio', secrets: ['12345'] }], trustedProxies: 1 };
    const url = 'https://hooks.example.com/api/webhook:trigger/key?a=1';
    const signature = createHmac('sha1', '12345').update(url).digest('base64');
    const headers = [
      'POST /api/webhook:trigger/key?a=1 HTTP/1.1',
      'Host: internal:13000',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Host: hooks.example.com',
      `X-Twilio-Signature: ${signature}`,
    ].join('\n');
    expect(await diagnose({ config, headers })).toMatchObject({ accepted: true });
    expect(await diagnose({ config, headers, url: 'https://example.org/' })).toMatchObject({ accepted: false });
    const untrusting = { ...config, trustedProxies: 0 };
    expect(await diagnose({ config: untrusting, headers })).toMatchObject({ accepted: false });
  });

  it('is answered with the issues of a configuration that cannot be used', async () => {
    const config = { authentication: [{ preset: 'github', secrets: ['{{$env.NO_SUCH}}'] }] };
    expect(await diagnose({ config })).toEqual({
      accepted: false,
      checks: [],
      issues: [{ path: 'authentication.0.secrets.0', code: 'VARIABLE', message: expect.any(String) }],
    });
    const answer = await diagnose({ config: { response: { statusCode: 99 } } });
    expect(answer).toMatchObject({ accepted: false, issues: [{ path: 'response.statusCode' }] });
  });

  it('of another form is rejected with 400, saying what was expected and repeating nothing', async () => {
    const token = await app.login();
    const good = { config: {}, headers: '', body: '' };
    const deep = JSON.parse(`${'['.repeat(200)}${']'.repeat(200)}`) as unknown;
    for (const [values, message] of [
      [{}, 'expected config to be an object'],
      [{ ...good, config: [SECRET] }, 'expected config to be an object'],
      [{ ...good, config: SECRET }, 'expected config to be an object'],
      [{ ...good, config: { deep } }, 'expected config to be an object nested at most 100 levels deep'],
      [{ ...good, headers: [SECRET] }, 'expected headers to be a string, but found a list'],
      [{ ...good, headers: undefined }, 'expected headers to be a string, but found nothing'],
      [{ ...good, body: { toString: 1 } }, 'expected body to be a string, but found an object'],
      [{ ...good, url: 1 }, 'expected url to be a string, but found a number'],
      [{ ...good, method: {} }, 'expected method to be a string, but found an object'],
      [{ ...good, at: '1' }, 'expected at to be a number of milliseconds since 1970, but found a string'],
      [{ ...good, at: 1e300 }, 'expected at to be a number of milliseconds since 1970'],
      [{ ...good, bodyEncoding: SECRET }, 'expected bodyEncoding to be \\"text\\" or \\"base64\\", but found a string'],
      [{ ...good, body: '?', bodyEncoding: 'base64' }, 'expected body to be Base64'],
      [{ ...good, body: 'YQ=a', bodyEncoding: 'base64' }, 'expected body to be Base64'],
      [{ ...good, headers: `a: 1\n${SECRET}` }, 'headers: expected a name, a colon and a value at line 2'],
      [{ ...good, headers: 'a: 1\n'.repeat(201) }, 'headers: expected at most 200 headers, but found more at line 201'],
      [[SECRET], 'expected an object, but found a list'],
      ...['method', 'url', 'headers', 'body'].map(
        (name) =>
          [{ ...good, [name]: '\ud800' }, `expected ${name} to be a string, but found a string with half`] as const,
      ),
      [{ ...good, config: { a: ['\udc00'] } }, 'without half of a surrogate pair'],
      [{ ...good, config: { '\ud800': 1 } }, 'without half of a surrogate pair'],
    ] as const) {
      const response = await post('diagnose', values, token);
      const text = await response.text();
      expect([response.status, text]).toEqual([400, expect.stringContaining(message)]);
      expect(text).not.toContain(SECRET);
    }
  });

  it('with a long list in its configuration gets the issues of that', async () => {
    const { accepted, issues } = await diagnose({ config: { request: { body: Array(110_000).fill(1) } } });
    expect(accepted).toBe(false);
    expect(issues.length).toBeGreaterThan(0);
  });

  it('that is too large is rejected with 413', async () => {
    const token = await app.login();
    const good = { config: {}, headers: '', body: '' };
    for (const [name, most, value] of [
      ['method', 32, 'A'.repeat(33)],
      ['url', 16_384, '/webhook:trigger/'.repeat(20_000)],
      ['headers', 32_768, `a: ${'1'.repeat(32_766)}`],
      ['body', 1_048_576, `${'a'.repeat(500_000)}${' '.repeat(600_000)}!`],
      ['config', 262_144, { a: 'a'.repeat(262_144) }],
    ] as const) {
      const response = await post('diagnose', { ...good, bodyEncoding: 'base64', [name]: value }, token);
      const text = await response.text();
      expect([response.status, text]).toEqual([413, expect.stringContaining(`${name} to have at most ${most} char`)]);
    }
    const sample = await post('inferPaths', { sample: ' '.repeat(1_048_577), kind: 'json' }, token);
    expect([sample.status, await sample.text()]).toEqual([413, expect.stringContaining('expected sample to have')]);
  });

  it('is read without looking at any of it more than a few times', async () => {
    // With backtracking regular expressions these took minutes; the test would time out.
    const url = `${'/webhook:trigger/'.repeat(900)}?`;
    const body = `${'QUJD'.repeat(100_000)}${' '.repeat(600_000)}=`;
    expect(await diagnose({ config: {}, url, body, bodyEncoding: 'base64' })).toMatchObject({ issues: [] });
  });

  it('leaves nothing of its secrets in the log, whatever becomes of it', async () => {
    const pasted = 'pasted-credentials';
    const config = { authentication: [{ preset: 'gitlab-token', secrets: ['typed-secret'] }] };
    const values = { config, headers: `x-gitlab-token: ${pasted}`, body: pasted };
    for (const [sent, token, status] of [
      [values, await app.login(), 200],
      [{ ...values, headers: pasted }, await app.login(), 400],
      [{ ...values, url: pasted.repeat(1000) }, await app.login(), 413],
      [values, undefined, 401],
      [values, await memberToken(app), 403],
    ] as const) {
      const before = app.logs().length;
      expect((await post('diagnose', sent, token)).status).toBe(status);
      expect(await logged(app, 'response /api/webhook:diagnose', before)).not.toMatch(/pasted-cred|typed-secret/);
    }
  });
});

describe('a rejected request', () => {
  const rejections = async (workflowId: string | number) =>
    (await app.api<{ rejections: Rejection[] }>('POST', 'webhook:rejections', { workflowId })).rejections;
  const second = () => new Promise((resolve) => setTimeout(resolve, 1050));

  it('is kept with the result of each check, and without its content', async () => {
    const { id, key } = await createWorkflow(app, { config: github });
    expect(await rejections(id)).toEqual([]);
    await nextSecond();
    const began = Date.now();
    const headers = { 'content-type': 'application/json', 'x-hub-signature-256': sign('{"a": 1, "b": "x/y"}') };
    expect((await call(app, key, { headers, body })).status).toBe(401);
    const [rejection, ...others] = await rejections(id);
    expect(others).toEqual([]);
    expect(rejection).toMatchObject({ status: 401, code: 'UNAUTHORIZED', method: 'POST', address: '127.0.0.1' });
    expect(rejection.at).toBeGreaterThanOrEqual(began);
    expect(rejection.at).toBeLessThanOrEqual(Date.now());
    expect(outcomes(rejection)).toBe('method:passed size:passed authentication0:failed body:notReached');
    expect(rejection.checks.find(({ check }) => check === 'authentication')?.diagnosis).toMatchObject({
      hint: 'bodyWhitespace',
    });
    const text = JSON.stringify(rejection);
    for (const secret of [SECRET, headers['x-hub-signature-256'].slice(7), sign(body).slice(7), 'x/y']) {
      expect(text).not.toContain(secret);
    }
    await logged(app, `401 UNAUTHORIZED (workflow ${id}, key ${key}, from 127.0.0.1): no signature matches a secret`);
    expect(await executions(app, key)).toEqual([]);
  });

  it('is listed with every kind of error, newest first', async () => {
    const { id, key } = await createWorkflow(app, { config: { request: { bodyLimit: 10 } } });
    const calls: [number, string, Parameters<typeof call>[2]][] = [
      [405, 'method:failed size:notReached body:notReached', { method: 'PUT' }],
      [413, 'method:passed size:failed body:notReached', { body: { a: 'longer than ten' } }],
      [415, 'method:passed size:passed body:failed', { headers: { 'content-type': 'image/png' }, body: 'x' }],
      [400, 'method:passed size:passed body:failed', { headers: { 'content-type': 'application/json' }, body: '{' }],
    ];
    for (const [status, , options] of calls) {
      expect((await call(app, key, options)).status).toBe(status);
      await second();
    }
    expect((await call(app, key, { body: {} })).status).toBe(200);
    expect((await call(app, `${key}/no/such/path`, { body: {} })).status).toBe(404);
    const kept = await rejections(id);
    expect(kept.map((rejection) => [rejection.status, outcomes(rejection)])).toEqual(
      // A path that the webhook doesn't have isn't explained.
      [...calls.map(([status, expected]) => [status, expected]), [404, '']].reverse(),
    );
  });

  it('is explained once a second at most, and the last ten of each webhook are listed', async () => {
    const { id, key } = await createWorkflow(app, { config: github });
    const other = await createWorkflow(app, { config: github });
    const began = Date.now();
    await Promise.all(Array.from({ length: 15 }, () => call(app, key, { body: {} })));
    const most = Math.floor((Date.now() - began) / 1000) + 1;
    const found = await rejections(id);
    expect(found).toHaveLength(10);
    expect(found.filter(({ checks }) => checks.length > 0).length).toBeLessThanOrEqual(most);
    await second();
    await call(app, key, { method: 'PUT' });
    expect((await rejections(id)).map(({ status }) => status)).toEqual([405, ...Array<number>(9).fill(401)]);
    expect(await rejections(other.id)).toEqual([]);
  });
});

it('only who may edit workflows can ask', async () => {
  const token = await memberToken(app);
  for (const action of ['diagnose', 'rejections', 'presets', 'inferPaths']) {
    expect((await post(action, {})).status, action).toBe(401);
    expect((await post(action, {}, token)).status, action).toBe(403);
  }
  for (const [workflowId, status] of [
    [undefined, 400],
    ['x', 400],
    ["1' or 1", 400],
    [{}, 400],
    [{ toString: 1 }, 400],
    [[1], 400],
    [-1, 400],
    [1.5, 400],
    [1e300, 400],
    ['9223372036854775808', 400],
    [999_999_999, 404],
  ] as const) {
    const response = await post('rejections', { workflowId }, await app.login());
    expect(response.status, JSON.stringify(workflowId)).toBe(status);
  }
});
