import type { Database, Transaction } from '@nocobase/database';
import { Bind, Table } from '../store/Table';
import { DELIVERIES } from './collection';
import type { Delivery, DeliveryChange } from './delivery';

/** The kinds of values in a column. */
type Kind = 'id' | 'number' | 'boolean' | 'time' | 'text' | 'longText';

const KINDS: Record<keyof Delivery, Kind> = {
  id: 'id',
  workflowKey: 'text',
  workflowId: 'id',
  receivedAt: 'time',
  result: 'text',
  method: 'text',
  path: 'longText',
  ip: 'text',
  contentType: 'text',
  size: 'id',
  status: 'number',
  code: 'text',
  durationMs: 'number',
  aborted: 'boolean',
  more: 'number',
  checks: 'longText',
  leniency: 'text',
  executionId: 'id',
};

const COLUMNS = Object.keys(KINDS) as (keyof Delivery)[];

/** The columns that may change. */
const CHANGING = ['status', 'durationMs', 'aborted', 'more', 'checks'] satisfies (keyof DeliveryChange)[];

const POSTGRES: Record<Kind, string> = {
  id: 'bigint',
  number: 'integer',
  boolean: 'boolean',
  time: 'timestamptz',
  text: 'text',
  longText: 'text',
};

const MYSQL: Record<Kind, string> = {
  id: 'BIGINT',
  number: 'INT',
  boolean: 'TINYINT',
  time: 'DATETIME(3)',
  text: 'VARCHAR(255)',
  longText: 'LONGTEXT',
};

/**
 * The statements that write deliveries. All rows of a statement are one parameter, a JSON text, which the database takes apart: so there
 * is one statement for any number of rows, and it has few parameters.
 */
export class DeliveryTable {
  private readonly table: Table;
  private readonly dialect: string;

  constructor(private readonly db: Database) {
    this.table = new Table(db, DELIVERIES);
    this.dialect = db.sequelize.getDialect();
  }

  /** Returns deliveries as the JSON text that the statements read. */
  textOf(deliveries: Delivery[]): string {
    return JSON.stringify(deliveries.map((delivery) => this.recordOf(delivery)));
  }

  /** Returns one delivery as JSON text. */
  recordText(delivery: Delivery): string {
    return JSON.stringify(this.recordOf(delivery));
  }

  /** Returns the statement that inserts the deliveries of a parameter with {@link textOf} them. */
  insert(parameter: string): string {
    return this.insertSelect(`SELECT ${this.values(COLUMNS).join(', ')} FROM ${this.rows(parameter, COLUMNS)}`);
  }

  /** Returns SQLite's statement that inserts one delivery from an expression with its {@link recordText}. */
  insertOne(expression: string): string {
    return this.insertSelect(`SELECT ${COLUMNS.map((name) => member(expression, name)).join(', ')}`);
  }

  /** Writes what has changed of deliveries, by their ids. */
  async change(changes: Map<string, DeliveryChange>): Promise<void> {
    const { name } = this.table;
    const bind = new Bind();
    const columns = ['id', ...CHANGING] as (keyof Delivery)[];
    const rows = this.rows(bind.add(JSON.stringify([...changes].map(([id, change]) => ({ id, ...change })))), columns);
    const [id, ...values] = this.values(columns);
    const isSame = `${name}.${this.table.primaryKey} = ${id}`;
    const own = this.dialect === 'mysql' || this.dialect === 'mariadb' ? `${name}.` : '';
    const set = CHANGING.map((attribute, index) => {
      const column = this.table.column(attribute);
      return `${own}${column} = COALESCE(${values[index]}, ${name}.${column})`;
    }).join(', ');
    await this.run(
      own
        ? `UPDATE ${name} JOIN ${rows} ON ${isSame} SET ${set}`
        : `UPDATE ${name} SET ${set} FROM ${rows} WHERE ${isSame}`,
      bind,
    );
  }

  /** Inserts deliveries that have no execution of their own. */
  async add(deliveries: Delivery[]): Promise<void> {
    const bind = new Bind();
    await this.run(this.insert(bind.add(this.textOf(deliveries))), bind);
  }

  /** Runs a statement once. */
  async run(sql: string, bind: Bind, transaction?: Transaction): Promise<void> {
    await this.db.sequelize.query(sql, { bind: bind.values, transaction, retry: { max: 1 } });
  }

  /** Members that aren't columns are ignored by the statements, and what is missing is NULL. */
  private recordOf(delivery: Delivery): object {
    switch (this.dialect) {
      case 'postgres':
        return delivery;
      case 'sqlite':
        // As Sequelize writes times there, whose own way takes longer than everything else here.
        return {
          ...delivery,
          receivedAt: delivery.receivedAt.toISOString().replace('T', ' ').replace('Z', ' +00:00'),
        };
      default:
        return { ...delivery, receivedAt: this.table.date('receivedAt', delivery.receivedAt) };
    }
  }

  private insertSelect(select: string): string {
    const names = COLUMNS.map((name) => this.table.column(name)).join(', ');
    return `INSERT INTO ${this.table.name} (${names}) ${select}`;
  }

  /** Returns a parameter with a JSON list as a table named `d`. */
  private rows(parameter: string, columns: (keyof Delivery)[]): string {
    switch (this.dialect) {
      case 'postgres':
        return `json_to_recordset(${parameter}::json) AS d(${columns.map((name) => `"${name}" ${POSTGRES[KINDS[name]]}`).join(', ')})`;
      case 'sqlite':
        return `json_each(${parameter}) AS d`;
      default:
        return `JSON_TABLE(${parameter}, '$[*]' COLUMNS (${columns
          .map((name) => `\`${name}\` ${MYSQL[KINDS[name]]} PATH '$.${name}'`)
          .join(', ')})) AS d`;
    }
  }

  /** Returns the expressions for columns of `d`. */
  private values(columns: (keyof Delivery)[]): string[] {
    switch (this.dialect) {
      case 'postgres':
        return columns.map((name) => `d."${name}"`);
      case 'sqlite':
        return columns.map((name) => member('d.value', name));
      default:
        return columns.map((name) => `d.\`${name}\``);
    }
  }
}

function member(json: string, name: string): string {
  return `json_extract(${json}, '$.${name}')`;
}
