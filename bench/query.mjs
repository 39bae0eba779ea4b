// Reading query strings: this package beside `qs`, in one process, in turn, medians. Both give plain JavaScript values.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

import qs from 'qs';

const require = createRequire(import.meta.url);
const { parseQuery } = require('../index.js');

const options = {
  plainObjects: true,
  allowPrototypes: true,
  ignoreQueryPrefix: true,
  depth: 20,
  arrayLimit: 1000,
  parameterLimit: 10_000,
};

const range = (count, make) => Array.from({ length: count }, (_, index) => make(index)).join('&');
const inputs = {
  'flat, 3 parameters': 'page=2&size=50&sort=-created',
  'flat, 20 escaped parameters': range(20, (i) => `key${i}=value%20number%20${i}%E2%82%AC`),
  'nested, 4 parameters': 'order[id]=7&order[customer][name]=Ann%20Lee&order[tags][]=a&order[tags][]=b',
  'nested, 30 parameters': range(10, (i) => `items[${i}][sku]=A-${i}&items[${i}][price]=9.5&items[${i}][tags][]=new`),
  'nested and escaped, 30 parameters': range(30, (i) => `order%5Blines%5D%5B${i}%5D%5Bname%5D=Bread%20%26%20butter`),
  'a list of 500': range(500, () => 'id[]=12345'),
  'a form of 3,000 fields': range(1000, (i) => `r[${i % 900}][a]=1&r[${i % 900}][b][c]=2&f${i}=3`),
};

const median = (numbers) => numbers.sort((a, b) => a - b)[numbers.length >> 1];

function time(read, query, rounds) {
  const start = process.hrtime.bigint();
  for (let round = 0; round < rounds; round++) {
    read(query);
  }
  return Number(process.hrtime.bigint() - start) / rounds;
}

const rows = [];
for (const [name, query] of Object.entries(inputs)) {
  const ours = (text) => parseQuery(text).values;
  const theirs = (text) => qs.parse(text, options);
  assert.equal(JSON.stringify(ours(query)), JSON.stringify(theirs(query)));
  const rounds = Math.max(5, Math.round(2e6 / (query.length * 40)));
  const times = { ours: [], theirs: [] };
  for (let turn = 0; turn < 41; turn++) {
    times.ours.push(time(ours, query, rounds));
    times.theirs.push(time(theirs, query, rounds));
  }
  const [a, b] = [median(times.ours), median(times.theirs)];
  rows.push({ query: name, bytes: query.length, 'qs (us)': b / 1000, 'ours (us)': a / 1000, ratio: b / a });
}

if (process.argv.includes('--json')) {
  console.log(JSON.stringify(rows));
} else {
  const round = (value) => (typeof value === 'number' ? Math.round(value * 100) / 100 : value);
  console.table(rows.map((row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, round(value)]))));
}
