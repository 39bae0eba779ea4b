import { randomId } from '@nocobase/flow-engine';
import type { PathItem } from '../../common/config';

/** Creates a row for a path. Its variable name stays the same when the path or the alias changes later. */
export function newRow(key?: string): PathItem {
  return { key, _var: randomId('v_') };
}
