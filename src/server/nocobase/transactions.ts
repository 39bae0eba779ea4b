import type { Transactionable } from '@nocobase/database';

/** A transaction of Sequelize. */
export interface Outermost {
  afterCommit(hook: () => unknown): void;
}

/**
 * Returns the transaction whose commit makes a write visible to others: a nested transaction is committed by its outermost one.
 *
 * Follows Sequelize's undocumented `parent`. Verified with NocoBase 2.2.15 (Sequelize 6). Fallback: without it the transaction
 * itself, whose commit may come too early; the messages that NocoBase sends after a save cause another read.
 */
export function outermostTransaction({ transaction }: Transactionable): Outermost | undefined {
  let outermost = transaction as (Outermost & { parent?: typeof outermost }) | undefined | null;
  while (outermost?.parent) {
    outermost = outermost.parent;
  }
  return outermost ?? undefined;
}
