import type { StorableEvent } from './events';
import { count, type ExecutionTables, type Writer } from './ExecutionTables';
import { rowBytes } from './jsonLimits';
import { Bind, run } from './Table';

/** Writes to MySQL and MariaDB in a transaction: neither can insert and update in one statement. */
export class MysqlWriter implements Writer {
  /** @param largestStatement gives the bytes that a statement may have with its values */
  constructor(
    private readonly tables: ExecutionTables,
    private readonly largestStatement: () => Promise<number | undefined>,
  ) {}

  async write(events: StorableEvent[]): Promise<void> {
    const { executions, stats, versionStats, deliveries, db } = this.tables;
    const counts = count(events);
    const largest = await this.largestStatement();
    // The isolation level that the engine works in.
    const options = { isolationLevel: 'READ COMMITTED' as never };
    await db.sequelize.transaction(options, async (transaction) => {
      for (const part of powersOfTwo(events, largest)) {
        const bind = new Bind();
        await run(db, this.tables.insertInto(executions.name, part, bind), bind, transaction);
        const recorded = new Bind();
        const list = part.map(({ delivery }) => delivery);
        await run(db, deliveries.insert(list, recorded), recorded, transaction);
      }
      for (const [table, by] of [
        [stats, counts.byKey],
        [versionStats, counts.byId],
      ] as const) {
        for (const [key, amount] of by) {
          const bind = new Bind();
          const added = table.add('executed', bind.add(amount));
          const sql = `UPDATE ${table.name} SET ${added} WHERE ${table.primaryKey} = ${bind.add(key)}`;
          await run(db, sql, bind, transaction);
        }
      }
    });
  }
}

/**
 * Divides rows into parts whose sizes are powers of two, each a statement of at most `largest` bytes. MySQL and MariaDB keep every
 * distinct statement prepared, and bound their number for the whole server: this way there are nine statements, not one for
 * each size of a batch.
 */
function* powersOfTwo(rows: StorableEvent[], largest = Infinity): Generator<StorableEvent[]> {
  for (let start = 0; start < rows.length;) {
    let size = 2 ** Math.floor(Math.log2(rows.length - start));
    while (size > 1 && bytesOf(rows.slice(start, start + size)) > largest) {
      size /= 2;
    }
    yield rows.slice(start, start + size);
    start += size;
  }
}

function bytesOf(rows: StorableEvent[]): number {
  return rows.reduce((sum, { context }) => sum + rowBytes(context), 0);
}
