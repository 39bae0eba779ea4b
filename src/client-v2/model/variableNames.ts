import type { PathItem } from '../../common/config';

/** A path that NocoBase's templates read as it is. */
const READABLE = /^[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)*$/;

/**
 * Returns a path's variable name, for paths that can't be one themselves. A path that NocoBase's templates can read has none, since
 * the variable is named by the path.
 *
 * `derivedName('items[0].sku')` is `'items_0_sku'`; `derivedName('order.id')` is `undefined`.
 *
 * @param taken the names of the other rows
 */
export function derivedName(path: string, taken: readonly string[] = []): string | undefined {
  if (!path || READABLE.test(path)) {
    return undefined;
  }
  const words = path.replace(/\[\]/g, '_each').replace(/\W+/g, '_');
  const name = words.replace(/^_|_$/g, '') || 'value';
  for (let n = 1; ; n += 1) {
    const unique = n === 1 ? name : `${name}_${n}`;
    if (!taken.includes(unique)) {
      return unique;
    }
  }
}

/** Creates a row for a path, with a variable name only if the path can't be one. */
export function newRow(path: string, rows: readonly PathItem[] = []): PathItem {
  return withName({ key: path }, derivedName(path, namesOf(rows)));
}

/**
 * Returns a row with another path. Its variable name follows the path only if it was derived from it: any other name is in use in
 * workflows that were built elsewhere.
 *
 * @param others the other rows
 */
export function withPath(row: PathItem, path: string, others: readonly PathItem[]): PathItem {
  const next = { ...row, key: path };
  const isDerived = row._var === undefined || row._var === derivedName(row.key ?? '', namesOf(others));
  return isDerived ? withName(next, derivedName(path, namesOf(others))) : next;
}

function withName({ _var, ...row }: PathItem, name: string | undefined): PathItem {
  return name === undefined ? row : { ...row, _var: name };
}

function namesOf(rows: readonly PathItem[]): string[] {
  return rows.flatMap((row) => row?._var ?? row?.key ?? []);
}
