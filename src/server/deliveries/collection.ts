import type { Database } from '@nocobase/database';
import { DELIVERIES } from '../../common/names';

/** Defines the collection in an app. Its table may not exist yet: see {@link createTable}. */
export function defineDeliveries(db: Database): void {
  db.collection({
    name: DELIVERIES,
    // As the executions of workflows.
    dumpRules: { group: 'log' },
    migrationRules: ['schema-only'],
    shared: true,
    autoGenId: false,
    timestamps: false,
    fields: [
      { type: 'bigInt', name: 'id', primaryKey: true, autoIncrement: false, allowNull: false },
      { type: 'string', name: 'workflowKey', allowNull: false },
      { type: 'bigInt', name: 'workflowId', allowNull: false },
      { type: 'date', name: 'receivedAt', allowNull: false },
      { type: 'string', name: 'result', length: 16, allowNull: false },
      { type: 'string', name: 'method', length: 16, allowNull: false },
      { type: 'text', name: 'path', allowNull: false },
      { type: 'string', name: 'ip', length: 64, allowNull: false },
      { type: 'string', name: 'contentType' },
      { type: 'bigInt', name: 'size' },
      { type: 'integer', name: 'status' },
      { type: 'string', name: 'code', length: 64 },
      { type: 'integer', name: 'durationMs' },
      { type: 'boolean', name: 'aborted' },
      { type: 'integer', name: 'more' },
      { type: 'text', name: 'checks' },
      { type: 'string', name: 'leniency' },
      { type: 'bigInt', name: 'executionId' },
      // The final status of an execution that was deleted.
      { type: 'integer', name: 'executionStatus' },
    ],
    indexes: [{ fields: ['workflowKey', 'id'] }],
  } as never);
}

/** Creates the table if it is missing: NocoBase does that only when a plugin is enabled or the app is upgraded. */
export async function createTable(db: Database): Promise<void> {
  const collection = db.getCollection(DELIVERIES);
  if (!(await collection.existsInDb())) {
    await collection.sync();
  }
}
