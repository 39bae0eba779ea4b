import { isDeepStrictEqual } from 'node:util';

import { get, has, toPath } from 'lodash';
import { describe, expect, it } from 'vitest';

import { extractPaths, inferPaths } from '../index.js';
import { Random, SEED } from './generate';

const KEYS = [
  'a',
  'b',
  'c',
  'a',
  'b',
  'id',
  '',
  '0',
  '1',
  'length',
  'a.b',
  'a[0]',
  'é',
  '😀',
  '__proto__',
  'constructor',
  'toString',
];
const NUMBERS = [
  '0',
  '-0',
  '1',
  '-1',
  '12',
  '0.1',
  '1e3',
  '1E-7',
  '5e-324',
  '1e400',
  '-1e400',
  '9007199254740993',
  '0.30000000000000004',
  '123456789012345678901234567890',
  '2.2250738585072011e-308',
];
const STRINGS = [
  '""',
  '"x"',
  '"xyz"',
  '"é😀"',
  '"\\n\\"\\\\\\/"',
  '"\\u00e9"',
  '"\\ud83d\\ude00"',
  '"\\ud800"',
  '"\\udc00x"',
  '"\u2028"',
  '"a,]}:"',
  '"0123456789abcdef0123456789abcdef"',
];
const SPACES = ['', '', '', '', '', ' ', '\n', '\t\r', '  '];

function json(random: Random, depth: number, root = true): string {
  const space = () => random.pick(SPACES);
  // At the root mostly an object or array, so that paths lead somewhere.
  switch (depth === 0 ? random.below(4) : root && random.below(8) > 0 ? 4 + random.below(6) : random.below(10)) {
    case 0:
      return random.pick(NUMBERS);
    case 1:
      return String((random.below(2 ** 30) - 2 ** 29) / 10 ** random.below(12));
    case 2:
      return random.pick(STRINGS);
    case 3:
      return random.pick(['true', 'false', 'null']);
    case 4:
    case 5:
    case 6:
      return `[${random.some(4, () => space() + json(random, depth - 1, false) + space()).join(',')}${space()}]`;
    default:
      return `{${random.some(5, () => space() + key(random) + space() + ':' + space() + json(random, depth - 1, false) + space()).join(',')}${space()}}`;
  }
}

function key(random: Random): string {
  const written = JSON.stringify(random.pick(KEYS));
  return random.below(8) > 0 ? written : written.replace(/[a-z]/, (c) => '\\u00' + c.charCodeAt(0).toString(16));
}

// What goes with `[]` in one path: here lodash's own splitting and ours around the brackets can't differ.
const CLEAN_STEPS = [
  '.a',
  '.b',
  '.c',
  '.a',
  '.b',
  '.id',
  '[0]',
  '[1]',
  '.0',
  '.length',
  '[]',
  '[]',
  '[""]',
  '["a.b"]',
  '.é',
];
const STEPS = [
  ...CLEAN_STEPS.filter((step) => step !== '[]'),
  "['a[0]']",
  '..',
  '["😀"]',
  '.__proto__',
  '.constructor',
  '.toString',
  '[01]',
  '[-1]',
  '[a]',
  '[',
  ']',
  '.',
];

function path(random: Random): string {
  const clean = random.below(2) === 0;
  const step = () => random.pick(clean ? CLEAN_STEPS : STEPS);
  const text = [step(), ...random.some(3, step)].join('');
  if (clean) return text.replace(/^\./, '');
  const any = text.replaceAll('[]', '[0]');
  return random.below(10) > 0 ? any.replace(/^\./, '') : any;
}

const BYTES = Buffer.from('{}[]",:\\0123456789-+.eEtrufalsn \n\t\u0000\u001f\u007f/bu');

function mutate(random: Random, text: Buffer): Buffer {
  let bytes = text;
  for (let count = 1 + random.below(2); count > 0; count--) {
    const from = random.below(bytes.length + 1);
    const to = Math.min(bytes.length, from + random.below(4));
    const put =
      random.below(12) === 0
        ? Buffer.from([random.below(256)])
        : random.below(4) === 0
          ? bytes.subarray(random.below(bytes.length + 1)).subarray(0, random.below(6))
          : Buffer.from(random.some(2, () => random.pick(BYTES)));
    bytes = Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(to)]);
  }
  return random.below(20) === 0 ? bytes.subarray(0, random.below(bytes.length + 1)) : bytes;
}

/** What JavaScript makes of the bytes; `undefined` if they are rejected. */
function parse(body: Buffer): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) };
  } catch {
    return undefined;
  }
}

/** What lodash finds along a path, of own properties only, with `[]` taken element by element. */
function find(value: unknown, text: string): unknown {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, text)) {
    return get(value, [text]);
  }
  if (!/\[\]/.test(text)) {
    return has(value, text) ? get(value, text) : undefined;
  }
  return each(
    value,
    text.split('[]').map((part) => (part === '' ? [] : toPath(part.replace(/^\./, '')))),
  );
}

function along(value: unknown, steps: string[]): unknown {
  return steps.length === 0 ? value : has(value, steps) ? get(value, steps) : undefined;
}

/** Whether lodash derives what is at a path: the length of a list or a text, or a character of a text. */
function isDerived(value: unknown, steps: string[]): boolean {
  const parent = steps.length > 0 ? along(value, steps.slice(0, -1)) : undefined;
  return typeof parent === 'string' || (Array.isArray(parent) && steps.at(-1) === 'length');
}

function each(value: unknown, [steps, ...rest]: string[][]): unknown {
  const found = along(value, steps);
  if (rest.length === 0) return found;
  if (found === undefined || found === null || isDerived(value, steps)) return undefined;
  // What isn't a list is one of one.
  return (Array.isArray(found) ? found : [found]).flatMap((element) => {
    const item = each(element, rest);
    return item === undefined ? [null] : rest.length > 1 ? item : [item];
  });
}

/** How many values were found, by both. */
let values = 0;

/** Whether the body was accepted, by both. */
function compare(body: Buffer, paths: string[]): boolean {
  const expected = parse(body);
  const outcome = extractPaths(body, paths);
  const context = () =>
    `seed ${SEED}, body ${JSON.stringify(body.toString('latin1'))} (latin1), paths ${JSON.stringify(paths)}`;
  if (outcome.ok !== (expected !== undefined)) {
    throw new Error(`JSON.parse ${expected ? 'accepts' : 'rejects'} what extractPaths does not: ${context()}`);
  }
  if (!outcome.ok || !expected) return false;
  for (const text of paths) {
    const value = find(expected.value, text);
    const actual = Object.hasOwn(outcome.values, text) ? get(outcome.values, [text]) : undefined;
    if (value !== undefined) values++;
    if (!isDeepStrictEqual(actual, value)) {
      throw new Error(`${text}: expected ${JSON.stringify(value)}, but found ${JSON.stringify(actual)}: ${context()}`);
    }
  }
  return true;
}

describe(`JSON bodies (SEED=${SEED})`, () => {
  it('extracts the same values as JSON.parse and lodash get from 60,000 generated bodies', () => {
    const random = new Random(SEED);
    let found = 0;
    const sets = Array.from({ length: 500 }, () => [path(random), ...random.some(5, () => path(random))]);
    for (let run = 0; run < 60_000; run++) {
      const body = Buffer.from((random.below(50) === 0 ? '\ufeff' : '') + json(random, 1 + random.below(5)));
      if (compare(body, random.pick(sets))) found++;
    }
    expect(found).toBe(60_000);
    // Most paths lead nowhere; enough have to lead somewhere.
    expect(values).toBeGreaterThan(12_000);
  });

  it('accepts and rejects 120,000 mutated bodies like JSON.parse, with the same values', () => {
    const random = new Random(SEED + 1);
    let accepted = 0;
    for (let run = 0; run < 120_000; run++) {
      const body = mutate(random, Buffer.from(json(random, 1 + random.below(4))));
      if (compare(body, [path(random), path(random)])) accepted++;
    }
    // Both sides of the decision have to be tried.
    expect(accepted).toBeGreaterThan(10_000);
    expect(accepted).toBeLessThan(110_000);
  });

  it('infers paths of 20,000 samples that all lead to a value, one for every key of plain objects', () => {
    const random = new Random(SEED + 2);
    for (let run = 0; run < 20_000; run++) {
      const sample = json(random, 1 + random.below(4));
      const outcome = inferPaths(sample, 'json');
      if (!outcome.ok) throw new Error(`${sample}: ${outcome.error.message}`);
      const extracted = extractPaths(sample, outcome.paths);
      if (!extracted.ok) throw new Error(`${sample}: ${extracted.error.message}`);
      expect(Object.keys(extracted.values).sort(), `seed ${SEED}, ${sample}`).toEqual([...outcome.paths].sort());
      const value: unknown = JSON.parse(sample);
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
        const own = Object.keys(value);
        expect(new Set(outcome.paths.map((text) => toPath(text)[0])), `seed ${SEED}, ${sample}`).toEqual(new Set(own));
      }
    }
  });
});
