import { describe, expect, it } from 'vitest';
import { checkConfig, judge, verifyBasicAuth } from '../index';

const json = { 'content-type': 'application/json' };
const basic = (credentials: string) => `Basic ${Buffer.from(credentials).toString('base64')}`;

describe('judge', () => {
  it('returns the variables of an accepted request', () => {
    const config = {
      request: {
        keep: 'listed',
        headers: [{ key: 'X-Id' }],
        query: [{ key: 'q' }],
        body: [{ key: 'order.id' }, { key: 'n', _var: 'v' }],
      },
    };
    const request = { query: 'q=1', headers: { ...json, 'x-ID': 'r' }, body: '{"order":{"id":7},"n":0.1}' };
    expect(judge(config, request)).toEqual({
      accepted: true,
      variables: { headers: { 'X-Id': 'r' }, query: { q: '1' }, body: { order: { id: 7 }, v: 0.1 } },
    });
    const whole = { ...config, request: { ...config.request, keep: 'all' } };
    const secrets = { authorization: 'Bearer s', cookie: 'a=b', 'x-api-key': 'k' };
    expect(judge(whole, { ...request, query: 'q=1&p=2', headers: { ...request.headers, ...secrets } })).toEqual({
      accepted: true,
      variables: {
        headers: { ...json, 'x-id': 'r', 'X-Id': 'r' },
        query: { q: '1', p: '2' },
        body: { order: { id: 7 }, n: 0.1, v: 0.1 },
      },
    });
  });

  it('accepts bytes, text and no body at all', () => {
    const variables = { headers: json, query: {}, body: [1] };
    expect(judge({}, { headers: json, body: Buffer.from('[1]') })).toEqual({ accepted: true, variables });
    expect(judge({}, { headers: json, body: new Uint8Array([91, 49, 93]) })).toEqual({ accepted: true, variables });
    expect(judge({}, { headers: json, body: '[1]' })).toEqual({ accepted: true, variables });
    expect(judge({}, {})).toEqual({ accepted: true, variables: { headers: {}, query: {} } });
  });

  it('returns status, code, headers and body of a rejection', () => {
    const config = { basicAuthentication: { username: 'u', password: 'p' } };
    const rejected = judge(config, { headers: json, body: '{}' });
    expect(rejected).toMatchObject({
      accepted: false,
      status: 401,
      code: 'UNAUTHORIZED',
      headers: { 'www-authenticate': 'Basic realm="webhook", charset="UTF-8"' },
    });
    expect(JSON.parse((rejected as { body: string }).body)).toEqual({
      errors: [{ code: 'UNAUTHORIZED', message: 'Credentials are missing or wrong.' }],
    });
    expect(judge(config, { headers: { authorization: basic('u:p') } })).toMatchObject({ accepted: true });
    expect(judge({}, { method: 'GET' })).toMatchObject({ status: 405, headers: { allow: 'POST' } });
    expect(judge({}, { headers: json, body: '{' })).toMatchObject({ status: 400 });
    expect(judge({}, { headers: {}, body: 'x' })).toMatchObject({ status: 415 });
    expect(judge({}, { headers: json, body: Buffer.alloc(10 * 1024 * 1024 + 1) })).toMatchObject({ status: 413 });
  });

  it('never changes a prototype', () => {
    const judged = judge({}, { query: 'constructor[prototype][x]=1', headers: json, body: '{"__proto__":{"x":1}}' });
    expect(Object.keys((judged as { variables: { body: object } }).variables.body)).toEqual(['__proto__']);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  it('throws a TypeError for arguments of another type, and an Error for a configuration that cannot be used', () => {
    const misuse = judge as (config: unknown, request: unknown) => unknown;
    expect(() => misuse(undefined, {})).toThrow(new TypeError('expected config to be a value that JSON can hold'));
    expect(() => misuse({}, null)).toThrow(new TypeError('expected request to be an object'));
    expect(() => misuse({}, { method: 1 })).toThrow(new TypeError('expected request.method to be a string'));
    expect(() => misuse({}, { headers: { a: [1] } })).toThrow(
      new TypeError('expected request.headers["a"] to be a string'),
    );
    expect(() => misuse({}, { body: {} })).toThrow(
      new TypeError('expected request.body to be a string, a Buffer or a Uint8Array'),
    );
    expect(() => judge({ basicAuthentication: true }, {})).toThrow(/basicAuthentication/);
  });
});

describe('verifyBasicAuth', () => {
  it('accepts the right credentials and no others', () => {
    expect(verifyBasicAuth(basic('user:pä:ss'), 'user', 'pä:ss')).toBe(true);
    for (const wrong of [basic('user:pass'), basic('user'), 'Basic', 'Bearer x', '', null, undefined]) {
      expect(verifyBasicAuth(wrong, 'user', 'pä:ss')).toBe(false);
    }
  });

  it('rejects everything if a secret is blank', () => {
    expect(verifyBasicAuth(basic(':'), '', '')).toBe(false);
    expect(verifyBasicAuth(basic('u:'), 'u', '')).toBe(false);
  });

  it('throws a TypeError for arguments of another type', () => {
    const misuse = verifyBasicAuth as (...args: unknown[]) => unknown;
    expect(() => misuse('x', 1, 'p')).toThrow(new TypeError('expected username to be a string'));
    expect(() => misuse({}, 'u', 'p')).toThrow(new TypeError('expected authorization to be a string'));
  });
});

describe('checkConfig', () => {
  it('lists nothing for a valid configuration and every issue of an invalid one', () => {
    expect(checkConfig({})).toEqual([]);
    expect(checkConfig({ response: { statusCode: 99, headers: [{ name: 'X' }, { name: '1' }] } })).toEqual([
      { path: 'response.statusCode', code: 'STATUS_CODE', message: 'expected an integer from 200 to 599' },
      {
        path: 'response.headers.1.name',
        code: 'HEADER_NAME',
        message: expect.stringContaining('begins with a letter'),
      },
    ]);
  });

  it('reports what isn’t an object, and what is neither open nor closed, and `judge` accepts no request by it', () => {
    for (const config of [null, 1, 'x', [], { request: 'x' }, { authentication: [] }, { authentication: {} }]) {
      expect(checkConfig(config)).not.toEqual([]);
      expect(() => judge(config, {})).toThrow(Error);
    }
    for (const config of [{}, { public: true }, { authentication: null }]) {
      expect(checkConfig(config)).toEqual([]);
      expect(judge(config, {})).toMatchObject({ accepted: true });
    }
  });

  it('throws a TypeError for what JSON cannot hold', () => {
    expect(() => checkConfig(undefined)).toThrow(TypeError);
    expect(() => checkConfig(() => 0)).toThrow(TypeError);
  });
});
