import type { StorableEvent } from './events';
import { DELIVERY, type ExecutionTables, type Writer } from './ExecutionTables';
import { isViewMissing, VIEW } from './sqliteView';
import { Bind, run, type Table } from './Table';

/**
 * Writes to SQLite in one statement, on the connection that all of NocoBase's single statements share: a transaction in Sequelize
 * opens the database file again each time, which takes longer than the storing.
 *
 * A trigger does the counting and inserts the deliveries, on a view of this connection alone, so that it sees our rows and not the engine's own. The database
 * file contains nothing of it.
 */
export class SqliteWriter implements Writer {
  private viewExists = false;

  constructor(private readonly tables: ExecutionTables) {}

  async write(events: StorableEvent[]): Promise<void> {
    if (!this.viewExists) {
      await this.createView();
      this.viewExists = true;
    }
    const bind = new Bind();
    try {
      await run(this.tables.db, this.tables.insertInto(VIEW, events, bind, true), bind);
    } catch (error) {
      // Without its connection the view is gone too; NocoBase makes another connection when it reloads.
      this.viewExists &&= !isViewMissing(String(error));
      throw error;
    }
  }

  async close(): Promise<void> {
    if (this.viewExists) {
      this.viewExists = false;
      await this.tables.db.sequelize.query(`DROP VIEW IF EXISTS ${VIEW}`);
    }
  }

  private async createView(): Promise<void> {
    const { executions, stats, versionStats, deliveries, columnNames, db } = this.tables;
    const update = (counted: Table, attribute: string) =>
      `UPDATE ${counted.name} SET ${counted.add('executed', '1')} ` +
      `WHERE ${counted.primaryKey} = NEW.${executions.column(attribute)};`;
    // The view names no table: one that did would keep NocoBase from altering it.
    await db.sequelize.query(
      `CREATE TEMP VIEW IF NOT EXISTS ${VIEW} AS SELECT ${[...columnNames, DELIVERY].map((name) => `NULL AS ${name}`).join(', ')}`,
    );
    await db.sequelize.query(
      `CREATE TEMP TRIGGER IF NOT EXISTS ${VIEW}_insert INSTEAD OF INSERT ON ${VIEW} BEGIN ` +
        `INSERT INTO ${executions.name} (${columnNames.join(', ')}) ` +
        `VALUES (${columnNames.map((name) => `NEW.${name}`).join(', ')}); ` +
        `${deliveries.insertOne(`NEW.${DELIVERY}`)}; ${update(stats, 'key')} ${update(versionStats, 'workflowId')} END`,
    );
  }
}
