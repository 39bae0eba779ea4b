import type { PathItem } from '../../common/config';

/** The result of adding a sample's paths to a list of rows. */
export interface Merged {
  rows: PathItem[];
  /** The number of new rows. */
  added: number;
  /** Paths of rows that the sample lacks. Their rows are kept: a variable may be in use. */
  missing: string[];
}

/**
 * Adds the paths of a sample to rows. Returns the rows in the sample's order, with existing rows unchanged (alias and
 * variable name), followed by the rows that the sample lacks. Drops rows without a path.
 *
 * @param create returns the row of a path that has none yet
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
