import { describe, expect, it } from 'vitest';

import { extractPaths, inferPaths } from '../index.js';

describe('extractPaths', () => {
  it.each<[body: string, paths: string[], values: Record<string, unknown>]>([
    ['{"a":1,"b":{"c":[true,null]}}', ['a', 'b.c', 'b.c[1]', 'd'], { a: 1, 'b.c': [true, null], 'b.c[1]': null }],
    ['{"a":0,"b":false,"c":"","d":null}', ['a', 'b', 'c', 'd'], { a: 0, b: false, c: '', d: null }],
    [
      '{"n":-0,"e":1e400,"d":0.1,"i":9007199254740993}',
      ['n', 'e', 'd', 'i'],
      { n: -0, e: Infinity, d: 0.1, i: 2 ** 53 },
    ],
    [
      '{"items":[{"id":1},{},{"id":3}]}',
      ['items[].id', 'items[]'],
      { 'items[].id': [1, null, 3], 'items[]': [{ id: 1 }, {}, { id: 3 }] },
    ],
    ['{"items":[]}', ['items[].id'], { 'items[].id': [] }],
    ['{"items":{}}', ['items[].id', 'items[]'], { 'items[].id': [null], 'items[]': [{}] }],
    ['{"a":{"b":1},"a.b":2}', ['a.b'], { 'a.b': 2 }],
    ['{"a":{"b.c":1}}', ['a["b.c"]', "a['b.c']"], { 'a["b.c"]': 1, "a['b.c']": 1 }],
    ['{"a":{"b":1},"a":{"c":2}}', ['a.b', 'a.c'], { 'a.c': 2 }],
    [
      '{"a":"x😀"}',
      ['a[0]', 'a[1]', 'a[2]', 'a.length'],
      { 'a[0]': 'x', 'a[1]': '\ud83d', 'a[2]': '\ude00', 'a.length': 3 },
    ],
    ['{"a":[]}', ['a.length', 'a.map', 'constructor', 'a.constructor.name', 'toString'], { 'a.length': 0 }],
    ['[1,[2]]', ['[0]', '[1][0]', 'length'], { '[0]': 1, '[1][0]': 2, length: 2 }],
    ['"text"', ['length'], { length: 4 }],
    ['{"\\u0061":"\\ud800"}', ['a'], { a: '\ud800' }],
    ['\ufeff{"a":1}', ['a'], { a: 1 }],
    ['{}', [], {}],
    ['{"a":1}', ['a', 'a'], { a: 1 }],
  ])('extracts from %s the paths %j', (body, paths, values) => {
    for (const form of [body, Buffer.from(body), new Uint8Array(Buffer.from(body))]) {
      expect(extractPaths(form, paths)).toStrictEqual({ ok: true, values });
    }
  });

  it('returns __proto__ as a plain key and changes no prototype', () => {
    const outcome = extractPaths('{"__proto__":{"polluted":1},"constructor":{"prototype":2}}', [
      '__proto__',
      '__proto__.polluted',
      'constructor.prototype',
    ]);
    if (!outcome.ok) throw new Error(outcome.error.message);
    expect(Object.keys(outcome.values)).toEqual(['__proto__', '__proto__.polluted', 'constructor.prototype']);
    expect(Object.getPrototypeOf(outcome.values)).toBe(Object.prototype);
    expect(Object.getOwnPropertyDescriptor(outcome.values, '__proto__')?.value).toEqual({ polluted: 1 });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it.each<[body: string | Uint8Array, code: string, message: string, line: number, column: number, offset: number]>([
    ['', 'JSON_UNEXPECTED_END', 'expected a JSON value, but found the end of the text', 1, 1, 0],
    ['{"é":1,\n "b" 2}', 'JSON_UNEXPECTED_CHARACTER', "expected ':', but found '2'", 2, 6, 14],
    ['["😀",]', 'JSON_UNEXPECTED_CHARACTER', "expected a JSON value, but found ']'", 1, 7, 8],
    ['"a\u0000"', 'JSON_CONTROL_CHARACTER', `expected a character or '"', but found the character U+0000`, 1, 3, 2],
    ['"\\u12"', 'JSON_INVALID_ESCAPE', `expected a hexadecimal digit, but found '"'`, 1, 6, 5],
    [Buffer.from([0x22, 0xc3, 0x22]), 'UTF8_INVALID', 'expected UTF-8, but found the byte 0xC3', 1, 2, 1],
    [
      '['.repeat(2001),
      'JSON_TOO_DEEP',
      'expected at most 2000 nested objects and arrays, but found more',
      1,
      2001,
      2000,
    ],
  ])('rejects %j with the code and the position', (body, code, message, line, column, offset) => {
    expect(extractPaths(body, ['a.b', '[0]'])).toEqual({ ok: false, error: { code, message, line, column, offset } });
  });

  it('throws a TypeError that says what was expected', () => {
    for (const body of [undefined, null, 1, {}, [], new Uint16Array(2), new DataView(new ArrayBuffer(2))]) {
      expect(() => extractPaths(body as never, [])).toThrow(
        new TypeError('expected body to be a string, a Buffer or a Uint8Array'),
      );
    }
    for (const paths of [undefined, null, 'a', [1], {}]) {
      expect(() => extractPaths('1', paths as never)).toThrow(
        new TypeError('expected paths to be an array of strings'),
      );
    }
  });
});

describe('inferPaths', () => {
  it.each<[sample: string, paths: string[]]>([
    ['{"a":1,"b":{"c":2}}', ['a', 'b', 'b.c']],
    ['{"items":[{"id":1},{"id":2,"sku":"x"}]}', ['items', 'items[0]', 'items[0].id', 'items[1].sku']],
    ['{"a.b":{"":1}}', ['["a.b"]', '["a.b"][""]']],
    ['{"a":{"b":1},"a":2}', ['a']],
    ['[]', []],
    ['7', []],
  ])('returns the paths of %s', (sample, paths) => {
    expect(inferPaths(sample, 'json')).toEqual({ ok: true, paths });
    expect(inferPaths(Buffer.from(sample), 'json')).toEqual({ ok: true, paths });
  });

  it('returns where a sample is malformed', () => {
    expect(inferPaths('{\n  "a": 1,\n}', 'json')).toEqual({
      ok: false,
      error: {
        code: 'JSON_UNEXPECTED_CHARACTER',
        message: "expected a key in double quotes, but found '}'",
        line: 3,
        column: 1,
        offset: 12,
      },
    });
  });

  it('rejects a sample with more paths than a form can show', () => {
    const sample = JSON.stringify(Object.fromEntries(Array.from({ length: 2001 }, (_, key) => [`k${key}`, 0])));
    expect(inferPaths(sample, 'json')).toMatchObject({ ok: false, error: { code: 'JSON_TOO_MANY_PATHS' } });
  });

  it('throws a TypeError that says what was expected', () => {
    expect(() => inferPaths(1 as never, 'json')).toThrow(
      new TypeError('expected sample to be a string, a Buffer or a Uint8Array'),
    );
    expect(() => inferPaths('{}', 'xml' as never)).toThrow(TypeError);
    expect(() => inferPaths('{}', undefined as never)).toThrow(TypeError);
  });
});
