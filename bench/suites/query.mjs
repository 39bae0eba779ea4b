/** Query strings, compared with `qs` and the options that return the same. Both return plain JavaScript values. */
import assert from 'node:assert/strict';
import qs from 'qs';
import native from '../../index.js';
import { sideBySide } from '../lib/measure.mjs';

export const title = 'Query strings: `parseQuery` beside `qs`';

/** The options with which `qs` returns the same as `parseQuery`. */
export const QS_OPTIONS = {
  plainObjects: true,
  allowPrototypes: true,
  ignoreQueryPrefix: true,
  depth: 20,
  arrayLimit: 1000,
  parameterLimit: 10_000,
};

const range = (count, make) => Array.from({ length: count }, (_, index) => make(index)).join('&');
const QUERIES = {
  'flat, 3 parameters': 'page=2&size=50&sort=-created',
  'flat, 20 escaped parameters': range(20, (i) => `key${i}=value%20number%20${i}%E2%82%AC`),
  'nested, 4 parameters': 'order[id]=7&order[customer][name]=Ann%20Lee&order[tags][]=a&order[tags][]=b',
  'nested, 30 parameters': range(10, (i) => `items[${i}][sku]=A-${i}&items[${i}][price]=9.5&items[${i}][tags][]=new`),
  'nested and escaped, 30 parameters': range(30, (i) => `order%5Blines%5D%5B${i}%5D%5Bname%5D=Bread%20%26%20butter`),
  'a list of 500': range(500, () => 'id[]=12345'),
  'a form of 3,000 fields': range(1000, (i) => `r[${i % 900}][a]=1&r[${i % 900}][b][c]=2&f${i}=3`),
};

export async function run({ log, quick }) {
  const rows = [];
  for (const [name, query] of Object.entries(QUERIES)) {
    log(name);
    const ours = () => native.parseQuery(query).values;
    const theirs = () => qs.parse(query, QS_OPTIONS);
    assert.equal(JSON.stringify(ours()), JSON.stringify(theirs()));
    const [qsTime, ownTime] = await sideBySide([theirs, ours], quick);
    rows.push({
      group: 'Query strings',
      case: name,
      metric: 'time of a query',
      unit: 'ns',
      ours: ownTime,
      theirs: qsTime,
      ratio: qsTime / ownTime,
    });
  }
  return rows;
}
