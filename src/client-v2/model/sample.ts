import { has, setWith, toPath } from 'lodash';
import type { HeaderItem, PathItem } from '../../common/config';

/** What stands for a value nobody knows yet. */
export const EXAMPLE = 'example';

/** Headers that the sending program sets by itself, and that an example value would break. */
const SET_BY_SENDER = new Set([
  'authorization',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'transfer-encoding',
]);

/** An index from here on is a key of an object, as in the core: an array of so many holes takes long to write as JSON. */
const MOST_ELEMENTS = 1000;

function isIndex(segment: string): boolean {
  return /^\d+$/.test(segment);
}

function isHuge(path: string[]): boolean {
  return path.some((segment) => isIndex(segment) && Number(segment) >= MOST_ELEMENTS);
}

/** A path cut into the keys it goes through. */
export function segments(path: string): string[] {
  // `[]` means every element; one is enough for an example.
  return toPath(path.replace(/\[\]/g, '[0]'));
}

/** The smallest value that has something at each of the paths; `undefined` without any. */
export function exampleValue(rows: PathItem[] | undefined, example: unknown = EXAMPLE): unknown {
  const paths = keysOf(rows).map(segments);
  if (!paths.length) {
    return undefined;
  }
  const root = paths.every(([first]) => isIndex(first) && Number(first) < MOST_ELEMENTS) ? [] : {};
  // Longest first: `order` must not take the place of the object that `order.id` needs. Before them those that make objects
  // of what others would make huge arrays of.
  const order = (path: string[]) => (isHuge(path) ? MOST_ELEMENTS : 0) + path.length;
  for (const path of paths.sort((a, b) => order(b) - order(a))) {
    if (!has(root, path)) {
      setWith(root, path, example, isHuge(path) ? Object : undefined);
    }
  }
  // `set` leaves holes below the highest index of an array; they are nothing in JSON.
  return JSON.parse(JSON.stringify(root)) as unknown;
}

/** `order.id` as the query string writes it: `order[id]=example`, percent-encoded, joined by `&`. */
export function exampleQuery(rows: PathItem[] | undefined): string {
  const query = new URLSearchParams();
  for (const key of keysOf(rows)) {
    const [first, ...rest] = segments(key);
    query.append(first + rest.map((segment) => `[${segment}]`).join(''), EXAMPLE);
  }
  return query.toString();
}

/** The configured headers that a caller has to set. */
export function exampleHeaders(headers: HeaderItem[] | undefined): string[] {
  return keysOf(headers).filter((key) => !SET_BY_SENDER.has(key.toLowerCase()));
}

function keysOf(items: { key?: string }[] | undefined): string[] {
  return (items ?? []).map((item) => item?.key).filter((key): key is string => Boolean(key));
}
