import type { StorableEvent } from './events';
import { count, type ExecutionTables, type Writer } from './ExecutionTables';
import { Bind, run, type Table } from './Table';

/** Writes to PostgreSQL in one statement with data-modifying `WITH`: one round trip, and one transaction by PostgreSQL's own rule. */
export class PostgresWriter implements Writer {
  constructor(private readonly tables: ExecutionTables) {}

  async write(events: StorableEvent[]): Promise<void> {
    const { executions, stats, versionStats, deliveries, db } = this.tables;
    const counts = count(events);
    const bind = new Bind();
    const update = (table: Table, by: Map<string, number>, type: string) => {
      const values = [...by].map(([key, n]) => `(${bind.add(key)}::${type}, ${bind.add(n)}::bigint)`).join(', ');
      return (
        `UPDATE ${table.name} SET ${table.add('executed', 'v.n')} ` +
        `FROM (VALUES ${values}) AS v(k, n) WHERE ${table.name}.${table.primaryKey} = v.k`
      );
    };
    const insert = this.tables.insertInto(executions.name, events, bind);
    const recorded = events.map(({ delivery }) => delivery);
    const sql =
      `WITH stats AS (${update(stats, counts.byKey, 'varchar')}), ` +
      `versions AS (${update(versionStats, counts.byId, 'bigint')}), ` +
      `deliveries AS (${deliveries.insert(recorded, bind)}) ${insert}`;
    await run(db, sql, bind);
  }
}
