import type { PathItem } from '../../common/config';

/** What pressing Parse does to a list of rows. */
export interface Merged {
  rows: PathItem[];
  /** How many rows are new. */
  added: number;
  /** Paths of rows that the sample doesn't have. They are kept: a variable may be in use. */
  missing: string[];
}

/**
 * The rows after a sample's paths are known: in the sample's order, rows that were there before unchanged (alias and
 * variable name), then the rows that the sample doesn't have. Rows without a path are dropped.
 *
 * @param create makes the row of a path that has none yet
 */
export function mergeRows(rows: PathItem[], paths: string[], create: (path: string) => PathItem): Merged {
  const left = rows.filter((row) => row?.key);
  let added = 0;
  const merged = paths.flatMap((path) => {
    const same = left.filter((row) => row.key === path);
    if (same.length) {
      left.splice(0, left.length, ...left.filter((row) => row.key !== path));
      return same;
    }
    added += 1;
    return [create(path)];
  });
  return { rows: [...merged, ...left], added, missing: left.map((row) => row.key ?? '') };
}
