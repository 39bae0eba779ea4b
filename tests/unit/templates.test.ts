import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fill, fillFrom, isEnv, strayIn, templatesIn, textOf } from '../../src/server/endpoints/templates';

const hostile = fc.oneof(
  fc.string(),
  fc.constantFrom('$&', '$$', '$1', "$'", '$`', '{{a}}', '{{b}}', '{{$env.X}}', '{{', '}}', '{{a', '\n'),
  fc.json().map((text) => JSON.parse(text) as unknown),
  fc.constantFrom<unknown>({ toString: 1 }, { valueOf: 1, toString: null }, [{ toString: 1 }], null, undefined),
);

test('inserts every value as it is, whatever patterns or templates it holds', () => {
  fc.assert(
    fc.property(hostile, hostile, (a, b) => {
      const values: Record<string, unknown> = { '{{a}}': a, '{{ b }}': b };
      const insert = (template: string) => values[template];
      expect(fill('1{{a}}2{{ b }}3{{a}}', insert)).toBe(`1${textOf(a)}2${textOf(b)}3${textOf(a)}`);
      expect(fill('{{a}}', insert)).toBe(a);
      expect(fill(['{{a}}', { 'k{{a}}': ['{{ b }}'] }], insert)).toEqual([a, { [`k${textOf(a)}`]: [b] }]);
    }),
  );
});

test('leaves a value without templates as it is', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const value = JSON.parse(text.replaceAll('{{', '{')) as unknown;
      expect(fill(value, () => 'filled')).toEqual(value);
      expect(templatesIn(value)).toEqual([]);
    }),
  );
});

test('looks up each template once, in keys and values, with its path', () => {
  const value = { a: ['x{{$env.A}}', '{{$env.A}}'], '{{k}}': { b: '{{ $env.B:1 }}' }, n: 1 };
  expect(templatesIn(value)).toEqual(['{{$env.A}}', '{{k}}', '{{ $env.B:1 }}']);
  expect(templatesIn(value).filter(isEnv)).toEqual(['{{$env.A}}', '{{ $env.B:1 }}']);
  const places: string[] = [];
  fill(value, (template, path) => places.push(`${template} ${path}`));
  expect(places).toEqual(['{{$env.A}} a.0', '{{$env.A}} a.1', '{{k}} ', '{{ $env.B:1 }} {{k}}.b']);
  const asked: string[][] = [];
  const filled = fillFrom(value, (templates) => {
    asked.push(templates);
    return ['A', 'k', 2];
  });
  expect(filled).toEqual({ a: ['xA', 'A'], k: { b: 2 }, n: 1 });
  expect(asked).toHaveLength(1);
});

test('writes a value into a text as NocoBase does, and an object as JSON', () => {
  expect(
    [null, undefined, 0, false, 'a', [1, null, ['b']], new Date(0), { a: 1 }, [{ toString: 1 }]].map(textOf),
  ).toEqual(['', '', '0', 'false', 'a', '1,,b', '1970-01-01T00:00:00.000Z', '{"a":1}', '{"toString":1}']);
});

test('a key named __proto__ becomes a key and not a prototype', () => {
  const filled = fill(JSON.parse('{"__proto__":{"polluted":"{{a}}"}}'), () => 1) as object;
  expect(JSON.stringify(filled)).toBe('{"__proto__":{"polluted":1}}');
});

test('says where anything but a variable is in double braces, also where NocoBase would fill nothing', () => {
  const stray = [
    '{{$context.body.a}}',
    '{{$env}}',
    '{{ $env .A}}',
    '{{$env["A"]}}',
    '{{$env.A}} {{a}}',
    '{{$env.A}',
    '{{',
  ];
  expect(strayIn({ a: stray, b: { c: '{{$ENV.A}}' } })).toEqual([...stray.map((_, index) => `a.${index}`), 'b.c']);
  expect(strayIn(['', '{a}', 'a}}', '{{$env.A}}', 'x{{ $env.A }}{{$env.B:1}}', 1, null, true])).toEqual([]);
});
