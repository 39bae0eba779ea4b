import fc from 'fast-check';
import qs from 'qs';
import { expect, test } from 'vitest';

import { parseQuery } from '../index.js';

// A new seed each run; a failure prints it with the shortest input that fails. WEBHOOK_SEED repeats a run.
const seed = Number(process.env.WEBHOOK_SEED ?? Date.now() % 2 ** 31);
console.log(`seed of the query properties: ${seed}`);

const oracle = (query: string): unknown =>
  qs.parse(query, {
    plainObjects: true,
    allowPrototypes: true,
    ignoreQueryPrefix: true,
    depth: 20,
    arrayLimit: 1000,
    parameterLimit: Infinity,
  });

// As text, so that the order of the keys counts too.
const agrees = (query: string): void => {
  const outcome = parseQuery(query);
  const expected = JSON.stringify(oracle(query));
  const actual = outcome.ok ? JSON.stringify(outcome.values) : JSON.stringify(outcome.error);
  if (actual !== expected) {
    expect(actual, query).toBe(expected);
  }
};

const name = fc.constantFrom(
  ...['a', 'b', 'c', 'é', '0', '1', '2', '01', '-1', '1.5', '998', '999', '1000', '1001', '4294967294', '4294967295'],
  ...['9007199254740991', '9007199254740993', '99999999999999999999', '1000000000000000000000', '__proto__'],
  ...['constructor', 'prototype', 'toString', 'hasOwnProperty', 'length', 'a%20b', '%5B%5D', '%5b', '%zz', 'a.b', ''],
);
const few = fc.constantFrom('a', 'b', '0', '1');
const segment = fc.oneof(
  { weight: 4, arbitrary: few.map((text) => `[${text}]`) },
  { weight: 3, arbitrary: fc.constant('[]') },
  { weight: 2, arbitrary: name.map((text) => `[${text}]`) },
  { weight: 1, arbitrary: name.map((text) => `%5B${text}%5d`) },
  { weight: 1, arbitrary: fc.constantFrom('[', ']', '[[a]b]', '][', ']=', '[a', 'x') },
);
const key = fc
  .tuple(
    fc.oneof({ weight: 4, arbitrary: few }, { weight: 1, arbitrary: name }),
    fc.oneof(
      { weight: 20, arbitrary: fc.array(segment, { maxLength: 4 }) },
      { weight: 1, arbitrary: fc.array(segment, { minLength: 17, maxLength: 24 }) },
    ),
  )
  .map(([first, rest]) => first + rest.join(''));
const value = fc.constantFrom(
  '',
  'x',
  'y',
  '1',
  '+',
  '%2B',
  '%E2%82%AC',
  '%E2%82',
  '%',
  'a=b',
  ']=',
  '%5B',
  '"\\',
  '😀',
);
const pair = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(key, value).map(([k, v]) => `${k}=${v}`) },
  { weight: 1, arbitrary: key },
  { weight: 1, arbitrary: fc.constant('') },
);
const query = fc.array(pair, { maxLength: 8 }).map((pairs) => pairs.join('&'));

test('parses generated queries like qs, key by key and in the same order', () => {
  fc.assert(fc.property(query, agrees), { numRuns: 60_000, seed });
});

const mutation = fc.tuple(
  fc.nat(),
  fc.nat({ max: 3 }),
  fc.constantFrom(
    '',
    '[',
    ']',
    '[]',
    '=',
    '&',
    '%',
    '%5B',
    '%C3',
    '%A9',
    '%00',
    '+',
    '?',
    '#',
    '0',
    '\0',
    '\n',
    '€',
    '🙂',
  ),
);

test('parses mutated queries like qs', () => {
  const mutated = fc.tuple(query, fc.array(mutation, { minLength: 1, maxLength: 4 })).map(([text, mutations]) =>
    mutations.reduce((result, [place, removed, inserted]) => {
      const characters = [...result];
      characters.splice(place % (characters.length + 1), removed, inserted);
      return characters.join('');
    }, text),
  );
  fc.assert(fc.property(mutated, agrees), { numRuns: 50_000, seed });
});

test('parses lists up to the limit and beyond it like qs', () => {
  const bulk = fc
    .tuple(
      query,
      fc.constantFrom('a[]', 'a', 'a[b][]', 'a[0][]', 'a[1][]', 'a[][]', '[]', 'a[999]', 'a[0]'),
      fc.integer({ min: 995, max: 1005 }),
      query,
    )
    .map(([before, repeated, count, after]) =>
      [before, ...Array<string>(count).fill(`${repeated}=v`), after].join('&'),
    );
  const numbered = fc
    .tuple(query, fc.constantFrom('a', 'a[b]', ''), fc.integer({ min: 995, max: 1003 }), query)
    .map(([before, parent, count, after]) =>
      [before, ...Array.from({ length: count }, (_, index) => `${parent}[${index}]=v`), after].join('&'),
    );
  fc.assert(fc.property(fc.oneof(bulk, numbered), agrees), { numRuns: 500, seed });
});

test('parses any text like qs', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), agrees), { numRuns: 5_000, seed });
  const separators = fc.string({ unit: fc.constantFrom('[', ']', '=', '&', '%', 'a', '0', '5', 'B'), maxLength: 40 });
  fc.assert(fc.property(separators, agrees), { numRuns: 20_000, seed });
});
