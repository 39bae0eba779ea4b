import type { Database, Transaction } from '@nocobase/database';
import { columnValue } from '../nocobase/columnValue';

/** A collection's table with the names that it really has: prefix, schema and underscored columns included. */
export class Table {
  readonly name: string;
  readonly model: ReturnType<Database['getModel']>;

  constructor(
    private readonly db: Database,
    collection: string,
  ) {
    this.name = db.getCollection(collection).quotedTableName();
    this.model = db.getModel(collection);
  }

  column(attribute: string): string {
    return this.db.quoteIdentifier(this.model.rawAttributes[attribute]?.field ?? attribute);
  }

  /** Returns the type of a column in SQL. */
  type(attribute: string): string {
    return String((this.model.rawAttributes[attribute].type as { toSql(): string }).toSql());
  }

  get primaryKey(): string {
    return this.column(this.model.primaryKeyAttribute);
  }

  /** Returns the assignment that adds to a number. */
  add(attribute: string, amount: string): string {
    const column = this.column(attribute);
    return `${column} = COALESCE(${this.name}.${column}, 0) + ${amount}`;
  }

  /** Returns a boolean as a bind parameter. */
  boolean(value: boolean): unknown {
    return this.db.sequelize.getDialect() === 'postgres' ? value : Number(value);
  }

  /** Returns a date as a bind parameter of a column, as the model itself writes it: SQLite keeps dates as text. */
  date(attribute: string, value: Date): unknown {
    return columnValue(this.db, this.model.rawAttributes[attribute], value);
  }
}

/** The bind parameters of a statement, numbered as Sequelize numbers them in every dialect. */
export class Bind {
  readonly values: unknown[] = [];

  add(value: unknown): string {
    return `$${this.values.push(value)}`;
  }
}

/** Sequelize's option for a statement that isn't repeated: its own retries would repeat one statement inside a transaction. */
export const ONCE = { max: 1 };

/** Runs a statement once. Callers try again themselves. */
export async function run(db: Database, sql: string, bind: Bind, transaction?: Transaction): Promise<void> {
  await db.sequelize.query(sql, { bind: bind.values, transaction, retry: ONCE });
}
