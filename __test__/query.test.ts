import { expect, test } from 'vitest';

import { inferPaths, parseQuery } from '../index.js';

test('parses a query into plain data', () => {
  expect(parseQuery('?order[id]=7&tag=a&tag=b&items[0][sku]=x')).toEqual({
    ok: true,
    values: { order: { id: '7' }, tag: ['a', 'b'], items: [{ sku: 'x' }] },
  });
  expect(parseQuery('')).toEqual({ ok: true, values: {} });
});

test('accepts a query as bytes', () => {
  const expected = { ok: true, values: { a: '€' } };
  expect(parseQuery(Buffer.from('a=€'))).toEqual(expected);
  expect(parseQuery(new TextEncoder().encode('a=%E2%82%AC'))).toEqual(expected);
  const shared = new Uint8Array(Buffer.from('__a=€__'));
  expect(parseQuery(shared.subarray(2, -2))).toEqual(expected);
});

test('treats keys like constructor as plain data, and changes no prototype', () => {
  const outcome = parseQuery('constructor[prototype][polluted]=1&__proto__[polluted]=1&a[__proto__][polluted]=1');
  expect(outcome).toEqual({ ok: true, values: { constructor: { prototype: { polluted: '1' } }, a: {} } });
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

test('leaves escapes that cannot be decoded as they are', () => {
  expect(parseQuery('a=%zz&b=%E2%82&%=1')).toEqual({ ok: true, values: { a: '%zz', b: '%E2%82', '%': '1' } });
});

test('fails with a position beyond the limit of parameters', () => {
  const full = Array<string>(10_000).fill('a=1').join('&');
  expect(parseQuery(full).ok).toBe(true);
  expect(parseQuery(`${full}&b=2`)).toEqual({
    ok: false,
    error: {
      code: 'TOO_MANY_PARAMETERS',
      message: 'expected at most 10000 parameters, but found more',
      line: 1,
      column: 40_001,
      offset: 40_000,
    },
  });
});

test('throws a TypeError that says what was expected', () => {
  for (const wrong of [undefined, null, 7, {}, [], true, Symbol('a'), new Uint16Array(2), new ArrayBuffer(2)]) {
    expect(() => parseQuery(wrong as unknown as string)).toThrow(
      new TypeError('expected query to be a string, a Buffer or a Uint8Array'),
    );
  }
});

test('infers a path for every level of the parameters of a URL or a query', () => {
  const paths = ['query', 'query[0]', 'query[0].a', 'page'];
  for (const sample of [
    'http://localhost:13000/api/webhook:trigger/1hfmkioou0d?query[0][a]=1&page=2#top',
    '?query[0][a]=1&page=2',
    'query%5B0%5D%5Ba%5D=1&page=2',
  ]) {
    expect(inferPaths(sample, 'query')).toEqual({ ok: true, paths });
  }
  expect(inferPaths('https://example.com/hook', 'query')).toEqual({ ok: true, paths: [] });
});
