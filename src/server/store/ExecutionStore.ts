import { randomInt, randomUUID } from 'node:crypto';
import type { Database, Transaction } from '@nocobase/database';
import type { Application } from '@nocobase/server';
import { EXECUTION_STATUS, type WorkflowModel } from '@nocobase/plugin-workflow';
import { type JsonLimits, readJsonLimits, rowBytes, whyNotStorable } from './jsonLimits';

/** An event on its way into the database. */
export interface StorableEvent {
  workflow: Pick<WorkflowModel, 'id' | 'key'>;
  /** JSON text; it goes into the database as it is. */
  context: string;
  /** What the event can't be there twice with; absent where the sender's repetitions aren't told apart. */
  eventKey?: string;
  /** For an execution that whoever stores it runs at once; without it the engine's queue takes it up. */
  begun?: { startedAt: Date; expiresAt: Date | null };
}

/** Where an event is: its execution, and whether that was there before, under the same event key. */
export interface StoredAs {
  executionId: string;
  replayed: boolean;
}

/** What the storing of a batch came to: all of it, or nothing because of the database, or nothing because of an event. */
export type StoreResult =
  | { status: 'stored'; as: StoredAs[] }
  | { status: 'unavailable'; reason: string }
  | { status: 'refused'; reason: string };

/** How often a batch is tried after another process was in its way (a deadlock, the same event key, the same ids). */
const ATTEMPTS = 4;

/**
 * How many ids are left out, at most, to be clear of those of another process. More than are given in a second, and few enough that
 * all attempts together don't use up the 65,536 of a second: NocoBase's generator then waits for the next, blocking.
 */
const SKIPPED_IDS = 8192;

/** The view through which SQLite stores, and its trigger. A temporary view hides a table of its name: no collection has this one. */
const VIEW = '_nocobase_plugin_workflow_webhook_store';

/** The columns that differ from row to row. */
const FIRST_COLUMNS = ['id', 'workflowId', 'key', 'eventKey', 'context'];

/** The columns of an execution that has begun. Without them it is queueing. */
const BEGUN_COLUMNS = ['status', 'startedAt', 'expiresAt'];

/**
 * Stores events as executions of NocoBase's workflow engine, in the state in which the engine itself picks them up
 * (queueing and not dispatched), or as begun. What the engine's `createExecution` writes one by one is written here for many at once,
 * with the counters `executed` in the same transaction.
 */
export class ExecutionStore {
  private readonly db: Database;
  private readonly executions: Table;
  private readonly stats: Table;
  private readonly versionStats: Table;
  private readonly columns: string[];
  private viewMade = false;
  private limits: Promise<JsonLimits | undefined> | undefined;

  constructor(private readonly app: Application) {
    this.db = app.db;
    this.executions = new Table(this.db, 'executions');
    this.stats = new Table(this.db, 'workflowStats');
    this.versionStats = new Table(this.db, 'workflowVersionStats');
    const dates = ['createdAt', 'updatedAt'].filter((name) => name in this.executions.model.rawAttributes);
    this.columns = [...FIRST_COLUMNS, ...dates, 'dispatched'];
  }

  /**
   * Returns why the database will never take a context, or `undefined` where nothing is known against it.
   *
   * Before it is sent, since what is too large for MariaDB and MySQL costs the connection, and with it the other events of
   * its batch.
   */
  async whyNotStorable(context: string): Promise<string | undefined> {
    const limits = await this.readLimits();
    return limits && whyNotStorable(context, limits);
  }

  private readLimits(): Promise<JsonLimits | undefined> {
    if (!this.limits) {
      this.limits = readJsonLimits(this.db);
      this.limits.catch(() => (this.limits = undefined));
    }
    return this.limits;
  }

  /** Stores all `events` or none. Never throws. */
  async store(events: StorableEvent[]): Promise<StoreResult> {
    const rows = new Map<StorableEvent, string>();
    const byKey = new Map<string, StorableEvent>();
    for (const event of events) {
      // Of several with one key in a batch the first is the event, the others are repetitions of it.
      if (event.eventKey === undefined || !byKey.has(event.eventKey)) {
        rows.set(event, this.nextId());
      }
      if (event.eventKey !== undefined && !byKey.has(event.eventKey)) {
        byKey.set(event.eventKey, event);
      }
    }
    const known = new Map<string, string>();
    for (let attempt = 1; ; attempt += 1) {
      try {
        if (rows.size > 0) {
          await this.insert([...rows]);
        }
        break;
      } catch (error) {
        const failure = describe(error);
        if (failure.kind === 'unavailable') {
          // The database that comes back may be another one, or have other settings.
          this.limits = undefined;
        }
        if (attempt === ATTEMPTS || failure.kind === 'refused' || failure.kind === 'unavailable') {
          // A row that is in the way of one event is no fault of the event's, and may go away; of several, dividing tells which.
          const refused = failure.kind === 'refused' || (failure.kind === 'duplicate' && rows.size > 1);
          return { status: refused ? 'refused' : 'unavailable', reason: failure.reason };
        }
        if (failure.kind === 'duplicate') {
          const found = await this.find([...rows.keys()]).catch(() => null);
          if (!found) {
            return { status: 'unavailable', reason: failure.reason };
          }
          if (found.size === 0) {
            this.giveOtherIds(rows);
          }
          for (const [key, id] of found) {
            known.set(key, id);
            rows.delete(byKey.get(key) as StorableEvent);
          }
        }
      }
    }
    return {
      status: 'stored',
      as: events.map((event) => {
        const own = rows.get(event);
        if (own !== undefined) {
          return { executionId: own, replayed: false };
        }
        const key = event.eventKey as string;
        return { executionId: known.get(key) ?? (rows.get(byKey.get(key) as StorableEvent) as string), replayed: true };
      }),
    };
  }

  private nextId(): string {
    return String(this.app.snowflakeIdGenerator.generate());
  }

  // Ids have the worker id of a process and a number that begins at 0 in each second. Where nothing allots worker ids, NocoBase
  // draws one of 32, so that two processes may have the same, and then give the same ids.
  private giveOtherIds(rows: Map<StorableEvent, string>): void {
    for (let skipped = randomInt(SKIPPED_IDS); skipped > 0; skipped -= 1) {
      this.app.snowflakeIdGenerator.generate();
    }
    for (const event of rows.keys()) {
      rows.set(event, this.nextId());
    }
  }

  private async find(events: StorableEvent[]): Promise<Map<string, string>> {
    const keys = events.flatMap(({ eventKey }) => (eventKey === undefined ? [] : [eventKey]));
    const found = await this.executions.model.findAll({
      attributes: ['id', 'eventKey'],
      where: { eventKey: keys },
      raw: true,
    });
    return new Map(
      (found as unknown as { id: string; eventKey: string }[]).map((row) => [row.eventKey, String(row.id)]),
    );
  }

  /** Takes back what it has made in the database besides rows. */
  async close(): Promise<void> {
    if (this.viewMade) {
      this.viewMade = false;
      await this.db.sequelize.query(`DROP VIEW IF EXISTS ${VIEW}`);
    }
  }

  private insert(rows: [StorableEvent, string][]): Promise<void> {
    switch (this.db.sequelize.getDialect()) {
      case 'postgres':
        return this.insertWithCounters(rows);
      case 'sqlite':
        return this.insertThroughView(rows);
      default:
        return this.insertInTransaction(rows);
    }
  }

  private async insertInTransaction(rows: [StorableEvent, string][]): Promise<void> {
    const counts = count(rows);
    const limits = await this.readLimits();
    // The isolation level that the engine works in.
    const options = { isolationLevel: 'READ COMMITTED' as never };
    await this.db.sequelize.transaction(options, async (transaction) => {
      for (const part of powersOfTwo(rows, limits?.packet)) {
        const bind = new Bind();
        await this.run(this.insertStatement(this.executions.name, part, bind), bind, transaction);
      }
      for (const [table, by] of [
        [this.stats, counts.byKey],
        [this.versionStats, counts.byId],
      ] as const) {
        for (const [key, executions] of by) {
          const bind = new Bind();
          const added = table.add('executed', bind.add(executions));
          await this.run(
            `UPDATE ${table.name} SET ${added} WHERE ${table.primaryKey} = ${bind.add(key)}`,
            bind,
            transaction,
          );
        }
      }
    });
  }

  /**
   * One statement on the connection that all of NocoBase's single statements share: a transaction in Sequelize opens the
   * database file anew each time, which takes longer than the storing. A trigger does the counting, on a view of this
   * connection alone, so that it sees our rows and not the engine's own. The database file holds nothing of it.
   */
  private async insertThroughView(rows: [StorableEvent, string][]): Promise<void> {
    if (!this.viewMade) {
      const { executions: table, stats, versionStats } = this;
      const columns = [...this.columns, ...BEGUN_COLUMNS].map((name) => table.column(name));
      const count = (counted: Table, attribute: string) =>
        `UPDATE ${counted.name} SET ${counted.add('executed', '1')} ` +
        `WHERE ${counted.primaryKey} = NEW.${table.column(attribute)};`;
      // The view names no table: one that did would keep NocoBase from altering it.
      await this.db.sequelize.query(
        `CREATE TEMP VIEW IF NOT EXISTS ${VIEW} AS SELECT ${columns.map((name) => `NULL AS ${name}`).join(', ')}`,
      );
      await this.db.sequelize.query(
        `CREATE TEMP TRIGGER IF NOT EXISTS ${VIEW}_insert INSTEAD OF INSERT ON ${VIEW} BEGIN ` +
          `INSERT INTO ${table.name} (${columns.join(', ')}) VALUES (${columns.map((name) => `NEW.${name}`).join(', ')}); ` +
          `${count(stats, 'key')} ${count(versionStats, 'workflowId')} END`,
      );
      this.viewMade = true;
    }
    const bind = new Bind();
    try {
      await this.run(this.insertStatement(VIEW, rows, bind), bind);
    } catch (error) {
      // Without its connection the view is gone too; NocoBase makes another connection when it reloads.
      this.viewMade &&= !String(error).includes(`no such table: ${VIEW}`);
      throw error;
    }
  }

  // One statement and so one round trip and one transaction, by PostgreSQL's own rule for data-modifying WITH.
  private async insertWithCounters(rows: [StorableEvent, string][]): Promise<void> {
    const counts = count(rows);
    const bind = new Bind();
    const update = (table: Table, by: Map<string, number>, type: string) => {
      const values = [...by].map(([key, n]) => `(${bind.add(key)}::${type}, ${bind.add(n)}::bigint)`).join(', ');
      return (
        `UPDATE ${table.name} SET ${table.add('executed', 'v.n')} ` +
        `FROM (VALUES ${values}) AS v(k, n) WHERE ${table.name}.${table.primaryKey} = v.k`
      );
    };
    const first = this.insertStatement(this.executions.name, rows, bind);
    const sql =
      `WITH stats AS (${update(this.stats, counts.byKey, 'varchar')}), ` +
      `versions AS (${update(this.versionStats, counts.byId, 'bigint')}) ${first}`;
    await this.run(sql, bind);
  }

  private insertStatement(into: string, rows: [StorableEvent, string][], bind: Bind): string {
    const table = this.executions;
    // As the model writes it: SQLite keeps dates as text, in a form of Sequelize's own.
    const now = table.format('createdAt', new Date());
    // All of a batch are queueing, or it is one that has begun.
    const { begun } = rows[0][0];
    const columns = begun ? [...this.columns, ...BEGUN_COLUMNS] : this.columns;
    const dispatched = begun ? table.yes : table.no;
    const fixed = this.columns.slice(FIRST_COLUMNS.length).map((name) => (name === 'dispatched' ? dispatched : now));
    if (begun) {
      const { startedAt, expiresAt } = begun;
      fixed.push(EXECUTION_STATUS.STARTED, table.format('startedAt', startedAt));
      fixed.push(expiresAt && table.format('expiresAt', expiresAt));
    }
    const values = rows.map(([{ workflow, context, eventKey = randomUUID() }, id]) => {
      const row = [id, String(workflow.id), workflow.key, eventKey, context];
      return `(${[...row, ...fixed].map((value) => bind.add(value)).join(', ')})`;
    });
    return `INSERT INTO ${into} (${columns.map((name) => table.column(name)).join(', ')}) VALUES ${values.join(', ')}`;
  }

  private async run(sql: string, bind: Bind, transaction?: Transaction): Promise<void> {
    // A statement has its own way of being tried again (see `store`); Sequelize's would repeat one inside of a transaction.
    await this.db.sequelize.query(sql, { bind: bind.values, transaction, retry: { max: 1 } });
  }
}

interface Counts {
  byKey: Map<string, number>;
  byId: Map<string, number>;
}

// In the order of the keys, so that two processes lock the rows in the same order.
function count(rows: [StorableEvent, string][]): Counts {
  const tally = (of: (event: StorableEvent) => string) => {
    const by = new Map<string, number>();
    for (const [event] of rows) {
      by.set(of(event), (by.get(of(event)) ?? 0) + 1);
    }
    return new Map([...by].sort(([a], [b]) => (a < b ? -1 : 1)));
  };
  return { byKey: tally(({ workflow }) => workflow.key), byId: tally(({ workflow }) => String(workflow.id)) };
}

/**
 * The rows in parts of a power of two each, each part as a statement of `packet` bytes at most. MySQL and MariaDB keep every
 * text of a statement prepared, in a number that is bounded for the whole server: this way there are nine texts, not one
 * for every size of a batch.
 */
function* powersOfTwo(rows: [StorableEvent, string][], packet = Infinity): Generator<[StorableEvent, string][]> {
  for (let start = 0; start < rows.length;) {
    let size = 2 ** Math.floor(Math.log2(rows.length - start));
    while (size > 1 && bytesOf(rows.slice(start, start + size)) > packet) {
      size /= 2;
    }
    yield rows.slice(start, start + size);
    start += size;
  }
}

function bytesOf(rows: [StorableEvent, string][]): number {
  return rows.reduce((sum, [{ context }]) => sum + rowBytes(context), 0);
}

/** The bind parameters of a statement, numbered as Sequelize numbers them in every dialect. */
class Bind {
  readonly values: unknown[] = [];

  add(value: unknown): string {
    return `$${this.values.push(value)}`;
  }
}

/** A collection's table with the names that it really has: prefix, schema and underscored columns included. */
class Table {
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

  get primaryKey(): string {
    return this.column(this.model.primaryKeyAttribute);
  }

  /** The assignment that adds to a number. */
  add(attribute: string, amount: string): string {
    const column = this.column(attribute);
    return `${column} = COALESCE(${this.name}.${column}, 0) + ${amount}`;
  }

  /** `false` as a bind parameter. */
  get no(): unknown {
    return this.db.sequelize.getDialect() === 'postgres' ? false : 0;
  }

  /** `true` as a bind parameter. */
  get yes(): unknown {
    return this.db.sequelize.getDialect() === 'postgres' ? true : 1;
  }

  /** A value as a bind parameter of this column. */
  format(attribute: string, value: unknown): unknown {
    const generator = this.db.sequelize.getQueryInterface().queryGenerator as unknown as {
      format(
        value: unknown,
        field: unknown,
        options: { context: string },
        bindParam: (value: unknown) => unknown,
      ): unknown;
    };
    let bound: unknown;
    generator.format(value, this.model.rawAttributes[attribute], { context: 'INSERT' }, (formatted) => {
      bound = formatted;
      return '';
    });
    return bound;
  }
}

type Failure = { kind: 'unavailable' | 'refused' | 'duplicate' | 'conflict'; reason: string };

/** What the databases' own codes say: who is to blame, and whether to try again at once. */
export function describe(error: unknown): Failure {
  const { name, message, original, parent } = (error ?? {}) as {
    name?: string;
    message?: string;
    original?: DriverError;
    parent?: DriverError;
  };
  const driver = original ?? parent ?? {};
  const code = String(driver.code ?? '');
  const state = String(driver.sqlState ?? (/^[0-9A-Z]{5}$/.test(code) ? code : ''));
  // MariaDB's driver has the statement and its values in the message, which are no text for a log.
  const reason = `${code || name}: ${driver.text ?? driver.message ?? message ?? String(error)}`;
  if (String(driver.message).includes(`no such table: ${VIEW}`)) {
    return { kind: 'conflict', reason };
  }
  if (name === 'SequelizeUniqueConstraintError') {
    return { kind: 'duplicate', reason };
  }
  // A deadlock or a failed serialization; MariaDB 1020: the row has changed since it was read.
  if (['40001', '40P01'].includes(state) || [1205, 1213, 1020].includes(Number(driver.errno))) {
    return { kind: 'conflict', reason };
  }
  // SQL's classes of what is wrong with data: 21 cardinality, 22 data, 23 integrity, 44 check option; PostgreSQL's 54 program
  // limit and P0001, an error raised by a trigger.
  if (/^(21|22|23|44|54)/.test(state) || ['P0001', '45000'].includes(state) || ROW_ERRORS.has(code)) {
    return { kind: 'refused', reason };
  }
  return { kind: 'unavailable', reason };
}

interface DriverError {
  code?: string;
  errno?: number;
  sqlState?: string;
  message?: string;
  text?: string;
}

/** What MySQL and SQLite have no class of {@link DriverError.sqlState} for, or a wrong one. */
const ROW_ERRORS = new Set([
  'SQLITE_CONSTRAINT',
  'SQLITE_TOOBIG',
  'SQLITE_MISMATCH',
  'ER_CHECK_CONSTRAINT_VIOLATED',
  'ER_CONSTRAINT_FAILED',
  'ER_INVALID_JSON_TEXT',
  'ER_JSON_DOCUMENT_TOO_DEEP',
  'ER_DATA_TOO_LONG',
  'ER_NET_PACKET_TOO_LARGE',
  'ER_TRUNCATED_WRONG_VALUE_FOR_FIELD',
]);
