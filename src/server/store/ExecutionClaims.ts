import type { Database, Transaction } from '@nocobase/database';
import { EXECUTION_STATUS } from '@nocobase/plugin-workflow';
import { Bind, ONCE, run, Table } from './Table';
import { WAITING } from './waiting';

/** An execution that is this process's to run. */
export interface Claimed {
  id: string;
  context: object;
  startedAt: Date;
  expiresAt: Date | null;
}

/**
 * Claims stored executions, so that nobody else runs them: a conditional update to "started", the same that the engine enters an
 * execution by. So each execution begins once, whoever finds it waiting.
 */
export class ExecutionClaims {
  private readonly executions: Table;
  private readonly dialect: string;

  constructor(private readonly db: Database) {
    this.executions = new Table(db, 'executions');
    this.dialect = db.sequelize.getDialect();
  }

  /**
   * Claims those of some executions that wait.
   *
   * @param timeout the time limit in milliseconds from now on; 0 for none
   * @returns the claimed ones; the others have begun or are gone
   */
  async claim(ids: string[], timeout: number): Promise<Claimed[]> {
    const startedAt = new Date();
    const expiresAt = timeout > 0 ? new Date(startedAt.getTime() + timeout) : null;
    const rows = await this.takeOver(ids, startedAt, expiresAt);
    return rows.map(({ id, context }) => ({
      id: String(id),
      // SQLite keeps JSON as text; the other drivers parse it.
      context: (typeof context === 'string' ? JSON.parse(context) : context) as object,
      startedAt,
      expiresAt,
    }));
  }

  /** Lets claimed executions that haven't begun wait again. */
  async release(claimed: Claimed[]): Promise<void> {
    const ids = claimed.map(({ id }) => id);
    await this.db.getModel('executions').update(
      { ...WAITING, expiresAt: null },
      {
        where: { id: ids, status: EXECUTION_STATUS.STARTED, startedAt: claimed[0].startedAt },
      },
    );
  }

  private async takeOver(ids: string[], startedAt: Date, expiresAt: Date | null): Promise<ClaimedRow[]> {
    if (this.dialect === 'sqlite') {
      // One process writes at a time.
      const bind = new Bind();
      return this.query(
        `${this.begin(startedAt, expiresAt, bind)} WHERE ${this.waits(ids, bind)} ${this.returning()}`,
        bind,
      );
    }
    // What another process is just claiming is left to it: waiting for it would end in deadlocks.
    if (this.dialect === 'postgres') {
      const bind = new Bind();
      const begin = this.begin(startedAt, expiresAt, bind);
      const { name, primaryKey } = this.executions;
      const mine = `SELECT ${primaryKey} FROM ${name} WHERE ${this.waits(ids, bind)} FOR UPDATE SKIP LOCKED`;
      return this.query(`${begin} WHERE ${primaryKey} IN (${mine}) ${this.returning()}`, bind);
    }
    // Neither MySQL nor MariaDB returns what an update changed.
    return this.db.sequelize.transaction({ isolationLevel: 'READ COMMITTED' as never }, async (transaction) => {
      const select = new Bind();
      const { name, primaryKey } = this.executions;
      const rows = await this.query(
        `SELECT ${this.columns()} FROM ${name} WHERE ${this.waits(ids, select)} FOR UPDATE SKIP LOCKED`,
        select,
        transaction,
      );
      if (rows.length > 0) {
        const update = new Bind();
        const begin = this.begin(startedAt, expiresAt, update);
        const mine = rows.map(({ id }) => update.add(String(id))).join(', ');
        const sql = `${begin} WHERE ${primaryKey} IN (${mine})`;
        await run(this.db, sql, update, transaction);
      }
      return rows;
    });
  }

  private begin(startedAt: Date, expiresAt: Date | null, bind: Bind): string {
    const table = this.executions;
    const values = {
      status: EXECUTION_STATUS.STARTED,
      dispatched: table.boolean(true),
      startedAt: table.date('startedAt', startedAt),
      expiresAt: expiresAt && table.date('expiresAt', expiresAt),
    };
    const set = Object.entries(values).map(([column, value]) => `${table.column(column)} = ${bind.add(value)}`);
    return `UPDATE ${table.name} SET ${set.join(', ')}`;
  }

  private waits(ids: string[], bind: Bind): string {
    const table = this.executions;
    const list = ids.map((id) => bind.add(id)).join(', ');
    return `${table.primaryKey} IN (${list}) AND ${table.column('status')} IS NULL AND ${table.column('startedAt')} IS NULL`;
  }

  private returning(): string {
    return `RETURNING ${this.columns()}`;
  }

  private columns(): string {
    const { primaryKey } = this.executions;
    return `${primaryKey} AS id, ${this.executions.column('context')} AS context`;
  }

  private async query(sql: string, bind: Bind, transaction?: Transaction): Promise<ClaimedRow[]> {
    const { sequelize } = this.db;
    const rows = await sequelize.query(sql, { bind: bind.values, transaction, type: 'SELECT' as never, retry: ONCE });
    return rows as unknown as ClaimedRow[];
  }
}

interface ClaimedRow {
  id: string | number;
  context: unknown;
}
