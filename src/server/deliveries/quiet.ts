import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '@nocobase/database';
import { hasOpenTransaction } from '../nocobase/openTransactions';

/** How long a write waits for transactions of NocoBase, and how often it looks. */
const WAIT_MS = 400;
const LOOK_MS = 5;

/**
 * Returns a function that runs a write when no transaction of NocoBase is open, if that comes soon. On SQLite, a write that falls between
 * a transaction's read and its write makes the latter fail, and the user's request with it; what isn't urgent keeps out of the way.
 *
 * @param exclusively runs what writes to the database when nothing else of ours does
 */
export function whenQuiet(
  db: Database,
  exclusively: <T>(write: () => Promise<T>) => Promise<T>,
): <T>(write: () => Promise<T>) => Promise<T> {
  if (db.sequelize.getDialect() !== 'sqlite') {
    return (write) => write();
  }
  return async (write) => {
    const deadline = performance.now() + WAIT_MS;
    while (hasOpenTransaction(db) && performance.now() < deadline) {
      await sleep(LOOK_MS);
    }
    return exclusively(write);
  };
}
