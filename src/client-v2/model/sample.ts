import { has, setWith, toPath } from 'lodash';
import type { HeaderItem, PathItem } from '../../common/config';

/** The placeholder for an unknown value. */
export const EXAMPLE = 'example';

/** Headers that the sending program sets itself and that an example value would break. */
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

/** From this index on, an index is an object key, as in the core: huge sparse arrays are slow to serialize as JSON. */
const MOST_ELEMENTS = 1000;

function isIndex(segment: string): boolean {
  return /^\d+$/.test(segment);
}

function isHuge(path: string[]): boolean {
  return path.some((segment) => isIndex(segment) && Number(segment) >= MOST_ELEMENTS);
}

/** Splits a path into its keys. */
export function segments(path: string): string[] {
  // `[]` means every element; an example needs only one.
  return toPath(path.replace(/\[\]/g, '[0]'));
}

/** Returns the smallest value that contains each of the paths; `undefined` without paths. */
export function exampleValue(rows: PathItem[] | undefined, example: unknown = EXAMPLE): unknown {
  const paths = keysOf(rows).map(segments);
  if (!paths.length) {
    return undefined;
  }
  const root = paths.every(([first]) => isIndex(first) && Number(first) < MOST_ELEMENTS) ? [] : {};
  // Longest first: `order` must not replace the object that `order.id` needs. Huge indices come before those, so that
  // they create objects instead of huge arrays.
  const order = (path: string[]) => (isHuge(path) ? MOST_ELEMENTS : 0) + path.length;
  for (const path of paths.sort((a, b) => order(b) - order(a))) {
    if (!has(root, path)) {
      setWith(root, path, example, isHuge(path) ? Object : undefined);
    }
  }
  // `set` leaves holes below the highest index of an array; in JSON they become `null`.
  return JSON.parse(JSON.stringify(root)) as unknown;
}

/** Returns a query string for the rows: `order.id` becomes `order[id]=example`, percent-encoded, joined by `&`. */
export function exampleQuery(rows: PathItem[] | undefined): string {
  const query = new URLSearchParams();
  for (const key of keysOf(rows)) {
    const [first, ...rest] = segments(key);
    query.append(first + rest.map((segment) => `[${segment}]`).join(''), EXAMPLE);
  }
  return query.toString();
}

/** Returns the configured headers that a caller has to set. */
export function exampleHeaders(headers: HeaderItem[] | undefined): string[] {
  return keysOf(headers).filter((key) => !SET_BY_SENDER.has(key.toLowerCase()));
}

function keysOf(items: { key?: string }[] | undefined): string[] {
  return (items ?? []).map((item) => item?.key).filter((key): key is string => Boolean(key));
}
