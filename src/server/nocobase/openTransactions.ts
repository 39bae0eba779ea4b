import type { Database } from '@nocobase/database';

/**
 * Returns whether NocoBase has a transaction open on SQLite, where each has a connection of its own.
 *
 * Looks into the undocumented `connections` of Sequelize's connection manager. Verified with NocoBase 2.2.15 (Sequelize 6). Fallback:
 * none is known to be open.
 */
export function hasOpenTransaction(db: Database): boolean {
  const { connections } = db.sequelize.connectionManager as unknown as { connections?: Record<string, unknown> };
  return Object.keys(connections ?? {}).length > 1;
}
