/**
 * Extraction beside what a good engineer writes in JavaScript: `JSON.parse` of the buffer and an accessor compiled for
 * each path. `node bench/extract.mjs [--json FILE] [--size '20 KB'] [--kind 'order list']`
 *
 * Both sides run in this process on the same buffer, interleaved in short rounds; the ratio is that of the medians. Both
 * give `{ [path]: value }`, and the results are asserted to be equal before anything is timed.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import native from '../index.js';
import { KINDS, SIZES } from './bodies.mjs';

/** An accessor of a path: straight-line code, as one would write by hand. `[]` maps the array before it. */
function accessor(path) {
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

function javascript(paths) {
  const accessors = paths.map((path) => [path, accessor(path)]);
  return (buffer) => {
    const body = JSON.parse(buffer);
    const values = {};
    for (const [path, read] of accessors) {
      const value = read(body);
      if (value !== undefined) values[path] = value;
    }
    return { ok: true, values };
  };
}

const median = (numbers) => numbers.sort((a, b) => a - b)[numbers.length >> 1];

/** Nanoseconds of one call of each side, medians over interleaved rounds. */
function measure(sides, buffer) {
  const time = (side, calls) => {
    const start = process.hrtime.bigint();
    for (let call = 0; call < calls; call++) side(buffer);
    return Number(process.hrtime.bigint() - start) / calls;
  };
  // Enough calls for a round to be well above the clock, few enough for many rounds.
  const calls = Math.max(1, Math.min(2000, Math.round(2e6 / time(sides[0], 3))));
  const rounds = buffer.length > 1e6 ? 15 : 41;
  for (const side of sides) time(side, calls * 4);
  const times = sides.map(() => []);
  for (let round = 0; round < rounds; round++) {
    // Whoever comes first may pay for the garbage of the other: they take turns.
    for (let turn = 0; turn < sides.length; turn++) {
      const at = (turn + round) % sides.length;
      times[at].push(time(sides[at], calls));
    }
  }
  return times.map(median);
}

const { values: options } = parseArgs({
  options: { json: { type: 'string' }, size: { type: 'string' }, kind: { type: 'string' } },
});
const rows = [];
for (const [kind, { make, paths, map }] of Object.entries(KINDS)) {
  if (options.kind && options.kind !== kind) continue;
  for (const [size, bytes] of Object.entries(SIZES)) {
    if (options.size && options.size !== size) continue;
    const buffer = Buffer.from(make(bytes));
    for (const [name, wanted] of [
      ['3 paths', paths.slice(0, 3)],
      ['10 paths', paths.slice(0, 10)],
      ['30 paths', paths],
      ['map', map],
    ]) {
      const sides = [javascript(wanted), native.compilePaths(wanted)];
      assert.deepStrictEqual(sides[1](buffer), sides[0](buffer));
      const [js, rust] = measure(sides, buffer);
      rows.push({
        kind,
        size,
        bytes: buffer.length,
        paths: name,
        js: Math.round(js),
        native: Math.round(rust),
        ratio: js / rust,
      });
    }
  }
}
const unit = (ns) =>
  ns < 10_000 ? `${ns} ns` : ns < 10_000_000 ? `${Math.round(ns / 1000)} us` : `${Math.round(ns / 1e6)} ms`;
console.log('| body | size | paths | JSON.parse + accessors | native | ratio |');
console.log('| --- | --- | --- | --- | --- | --- |');
for (const row of rows) {
  console.log(
    `| ${row.kind} | ${row.size} | ${row.paths} | ${unit(row.js)} | ${unit(row.native)} | ${row.ratio.toFixed(2)} |`,
  );
}
if (options.json) writeFileSync(options.json, JSON.stringify({ node: process.version, rows }, null, 2) + '\n');
