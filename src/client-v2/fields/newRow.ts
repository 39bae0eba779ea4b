import { randomId } from '@nocobase/flow-engine';
import type { PathItem } from '../../common/config';

/** A row for a path, with a variable name that stays when the path or the alias is changed later. */
export function newRow(key?: string): PathItem {
  return { key, _var: randomId('v_') };
}
