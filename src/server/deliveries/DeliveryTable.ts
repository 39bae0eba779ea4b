import type { Database } from '@nocobase/database';
import { DELIVERIES } from '../../common/names';
import { Bind, run, Table } from '../store/Table';
import type { DeliveryChange, StoredDelivery } from './delivery';

/** The columns that may change. */
const CHANGING = ['status', 'durationMs', 'aborted', 'more', 'checks'] satisfies (keyof DeliveryChange)[];

/** What of a statement is the same for every number of rows: how a list of JSON objects, a parameter, is read as a table named `d`. */
interface Reading {
  /** Returns the parameter as that table. */
  table(parameter: string): string;
  /** The expressions for its columns. */
  values: string[];
}

/**
 * The statements that write deliveries. All rows of a statement are one parameter, a JSON text, which the database takes apart: so there
 * is one statement for any number of rows, and it has few parameters.
 */
export class DeliveryTable {
  private readonly table: Table;
  private readonly dialect: string;
  private readonly columns: string[];
  private readonly insertInto: string;
  private readonly all: Reading;
  private readonly changing: Reading;

  constructor(private readonly db: Database) {
    this.table = new Table(db, DELIVERIES);
    this.dialect = db.sequelize.getDialect();
    this.columns = Object.keys(this.table.model.rawAttributes);
    const names = this.columns.map((name) => this.table.column(name)).join(', ');
    this.insertInto = `INSERT INTO ${this.table.name} (${names})`;
    this.all = this.reading(this.columns);
    this.changing = this.reading(['id', ...CHANGING]);
  }

  /** Returns a delivery as the JSON text that {@link insertOne} reads. */
  textOf(delivery: StoredDelivery): string {
    return JSON.stringify(this.recordOf(delivery));
  }

  /** Returns the statement that inserts deliveries, which it adds as a parameter. */
  insert(deliveries: StoredDelivery[], bind: Bind): string {
    const list = bind.add(JSON.stringify(deliveries.map((delivery) => this.recordOf(delivery))));
    return `${this.insertInto} SELECT ${this.all.values.join(', ')} FROM ${this.all.table(list)}`;
  }

  /** Returns SQLite's statement that inserts one delivery, from an expression with its {@link textOf}. */
  insertOne(expression: string): string {
    return `${this.insertInto} SELECT ${this.columns.map((name) => member(expression, name)).join(', ')}`;
  }

  /** Inserts deliveries that have no execution of their own. */
  async add(deliveries: StoredDelivery[]): Promise<void> {
    const bind = new Bind();
    await run(this.db, this.insert(deliveries, bind), bind);
  }

  /** Writes what has changed of deliveries, by their ids. */
  async change(changes: Map<string, DeliveryChange>): Promise<void> {
    const { name, primaryKey } = this.table;
    const bind = new Bind();
    const list = [...changes].map(([id, change]) => ({ id, ...change }));
    const rows = this.changing.table(bind.add(JSON.stringify(list)));
    const [id, ...values] = this.changing.values;
    const isSame = `${name}.${primaryKey} = ${id}`;
    const set = (prefix: string) =>
      CHANGING.map((attribute, index) => {
        const column = this.table.column(attribute);
        return `${prefix}${column} = COALESCE(${values[index]}, ${name}.${column})`;
      }).join(', ');
    const sql = ['postgres', 'sqlite'].includes(this.dialect)
      ? `UPDATE ${name} SET ${set('')} FROM ${rows} WHERE ${isSame}`
      : `UPDATE ${name} JOIN ${rows} ON ${isSame} SET ${set(`${name}.`)}`;
    await run(this.db, sql, bind);
  }

  /** Returns a delivery as the statements read it: they ignore members that aren't columns, and a column without a member is NULL. */
  private recordOf(delivery: StoredDelivery): object {
    switch (this.dialect) {
      case 'postgres':
        return delivery;
      case 'sqlite':
        // As Sequelize writes times there; its own function takes longer than everything else here.
        return {
          ...delivery,
          receivedAt: delivery.receivedAt.toISOString().replace('T', ' ').replace('Z', ' +00:00'),
        };
      default:
        return { ...delivery, receivedAt: this.table.date('receivedAt', delivery.receivedAt) };
    }
  }

  private reading(columns: string[]): Reading {
    const typed = (quote: string, rest: (name: string) => string = () => '') =>
      columns.map((name) => `${quote}${name}${quote} ${this.table.type(name)}${rest(name)}`).join(', ');
    switch (this.dialect) {
      case 'postgres':
        return {
          table: (parameter) => `json_to_recordset(${parameter}::json) AS d(${typed('"')})`,
          values: columns.map((name) => `d."${name}"`),
        };
      case 'sqlite':
        return {
          table: (parameter) => `json_each(${parameter}) AS d`,
          values: columns.map((name) => member('d.value', name)),
        };
      default:
        return {
          table: (parameter) =>
            `JSON_TABLE(${parameter}, '$[*]' COLUMNS (${typed('`', (name) => ` PATH '$.${name}'`)})) AS d`,
          values: columns.map((name) => `d.\`${name}\``),
        };
    }
  }
}

function member(json: string, name: string): string {
  return `json_extract(${json}, '$.${name}')`;
}
