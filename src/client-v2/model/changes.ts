import { isEqual, isPlainObject, omitBy } from 'lodash';

/**
 * Whether two values of a form differ in more than what fields add when they are shown: empty objects, lists and texts, and `false`
 * for what is off.
 *
 * `differ({ request: {} }, {})` is `false`; `differ({ request: { rawBody: true } }, {})` is `true`.
 */
export function differ(before: unknown, after: unknown): boolean {
  return !isEqual(withoutEmpty(before), withoutEmpty(after));
}

/** Returns a value without what is empty; `undefined` if nothing is left. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.length ? value.map(withoutEmpty) : undefined;
  }
  if (isPlainObject(value)) {
    const kept = omitBy(
      Object.fromEntries(Object.entries(value as object).map(([key, part]) => [key, withoutEmpty(part)])),
      (part) => part === undefined,
    );
    return Object.keys(kept).length ? kept : undefined;
  }
  return value === '' || value === null || value === false ? undefined : value;
}
