/**
 * A JSON body judged for its variables, as the server does it, beside what a good engineer writes in JavaScript: `JSON.parse` of
 * the buffer, an accessor compiled for each path, and `JSON.stringify` of the values. Both give the event's context as JSON text,
 * which the database stores; the judge also reads the request's head and decides by its content type.
 */
import assert from 'node:assert/strict';
import native from '../../index.js';
import { KINDS, SIZES } from '../lib/bodies.mjs';
import { sideBySide } from '../lib/measure.mjs';

export const title = 'Variables: a judged body beside `JSON.parse`, an accessor for each path and `JSON.stringify`';

/** How many times as fast as JavaScript it has to be, by size. */
const SCALARS = { '0.3 KB': 1.5, '2 KB': 2.2, '20 KB': 4.5, '200 KB': 8, '2 MB': 8, '10 MB': 8 };
/** The same for the paths through the elements of an array. */
const MAPS = { '0.3 KB': 1.5, '2 KB': 2.2, '20 KB': 2.5, '200 KB': 2.5, '2 MB': 2.5, '10 MB': 2.5 };

const LIMIT = 16 * 1024 * 1024;
/** Up to this size, keeping the whole body beside the values has to reach the same. */
const KEPT_BYTES = SIZES['20 KB'];
const HEAD = ['POST', '', '/api/webhook:in/1', '192.0.2.7', 'content-type', 'application/json', '1'].join('\n');

/** An accessor of a path: straight-line code, as one would write by hand. `[]` maps the array before it. */
export function accessor(path) {
  const steps = path.split(/\.|(?=\[)/).map((step) => (step === '[]' ? step : step.replace(/^\[(.*)\]$/, '$1')));
  const along = (keys) => keys.map((key) => `?.[${JSON.stringify(/^\d+$/.test(key) ? Number(key) : key)}]`).join('');
  const each = steps.indexOf('[]');
  if (each < 0) return new Function('body', `return body${along(steps)}`);
  const [before, after] = [along(steps.slice(0, each)), along(steps.slice(each + 1))];
  return new Function(
    'body',
    `const list = body${before}; return Array.isArray(list) ? list.map((item) => item${after} ?? null) : undefined`,
  );
}

const variable = (index) => `body_$${index}`;

function javascript(paths, keep) {
  const accessors = paths.map((path, index) => [variable(index), accessor(path)]);
  return (buffer) => {
    const parsed = JSON.parse(buffer);
    const body = keep === 'all' ? { ...parsed } : {};
    for (const [name, read] of accessors) {
      const value = read(parsed);
      if (value !== undefined) body[name] = value;
    }
    const headers = keep === 'all' ? { 'content-type': 'application/json' } : {};
    return JSON.stringify({ headers, query: {}, body });
  };
}

function judged(paths, keep) {
  const body = paths.map((key, index) => ({ key, _var: variable(index) }));
  const judge = new native.Endpoint(JSON.stringify({ request: { keep, body } }), LIMIT).judgeFunction();
  return (buffer) => {
    const verdict = judge(HEAD, buffer);
    // An object tells more of a body without any of the paths.
    return typeof verdict === 'string' ? verdict : verdict.context;
  };
}

export async function run({ log, quick }) {
  const rows = [];
  for (const [kind, { make, paths, map }] of Object.entries(KINDS)) {
    for (const [size, bytes] of Object.entries(SIZES)) {
      log(`${kind}, ${size}`);
      const buffer = Buffer.from(make(bytes));
      for (const [name, wanted, keep] of [
        ['3 paths', paths.slice(0, 3), 'listed'],
        ['10 paths', paths.slice(0, 10), 'listed'],
        ['30 paths', paths, 'listed'],
        ['map', map, 'listed'],
        ...(bytes <= KEPT_BYTES ? [['10 paths and all', paths.slice(0, 10), 'all']] : []),
      ]) {
        const [js, rust] = [javascript(wanted, keep), judged(wanted, keep)];
        assert.deepStrictEqual(JSON.parse(rust(buffer)), JSON.parse(js(buffer)));
        const [theirs, ours] = await sideBySide([() => js(buffer), () => rust(buffer)], quick);
        rows.push({
          group: kind,
          case: `${size}, ${name}`,
          metric: 'time of a body',
          unit: 'ns',
          ours,
          theirs,
          ratio: theirs / ours,
          goal: (wanted === map ? MAPS : SCALARS)[size],
        });
      }
    }
  }
  return rows;
}
