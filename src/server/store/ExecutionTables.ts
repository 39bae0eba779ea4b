import { randomUUID } from 'node:crypto';
import type { Database } from '@nocobase/database';
import { EXECUTION_STATUS } from '@nocobase/plugin-workflow';
import { DeliveryTable } from '../deliveries/DeliveryTable';
import type { StorableEvent } from './events';
import { Bind, Table } from './Table';

/** The columns that differ from row to row. */
const FIRST_COLUMNS = ['id', 'workflowId', 'key', 'eventKey', 'context'];

/** The columns that an execution has once it has begun. Without them it waits. */
const BEGUN_COLUMNS = ['status', 'startedAt', 'expiresAt'];

/** The column of a view that has an execution's delivery, as JSON text. */
export const DELIVERY = '_delivery';

/** Writes the rows of a batch and adds to the counters `executed`: all of it or nothing. Each kind of database has its own way. */
export interface Writer {
  write(events: StorableEvent[]): Promise<void>;
  /** Removes what the writer has created in the database besides rows. */
  close?(): Promise<void>;
}

/** The tables that a stored event changes: its execution, its delivery, and the counters of its workflow and of that workflow's version. */
export class ExecutionTables {
  readonly executions: Table;
  readonly stats: Table;
  readonly versionStats: Table;
  readonly deliveries: DeliveryTable;
  private readonly columns: string[];

  constructor(readonly db: Database) {
    this.executions = new Table(db, 'executions');
    this.stats = new Table(db, 'workflowStats');
    this.versionStats = new Table(db, 'workflowVersionStats');
    this.deliveries = new DeliveryTable(db);
    const dates = ['createdAt', 'updatedAt'].filter((name) => name in this.executions.model.rawAttributes);
    this.columns = [...FIRST_COLUMNS, ...dates, 'dispatched'];
  }

  /** The names of all columns of an execution that are ever written, quoted. */
  get columnNames(): string[] {
    return [...this.columns, ...BEGUN_COLUMNS].map((name) => this.executions.column(name));
  }

  /** Returns the statement that inserts executions into a table or view with these columns, and perhaps {@link DELIVERY}. */
  insertInto(name: string, events: StorableEvent[], bind: Bind, withDelivery = false): string {
    const table = this.executions;
    const now = table.date('createdAt', new Date());
    // All of a batch wait for us to run them, or it is a single one that has begun. The engine's recovery finds neither.
    const { begun } = events[0];
    const columns = begun ? [...this.columns, ...BEGUN_COLUMNS] : this.columns;
    const dispatched = table.boolean(true);
    const fixed = this.columns
      .slice(FIRST_COLUMNS.length)
      .map((column) => (column === 'dispatched' ? dispatched : now));
    if (begun) {
      const { startedAt, expiresAt } = begun;
      fixed.push(EXECUTION_STATUS.STARTED, table.date('startedAt', startedAt));
      fixed.push(expiresAt && table.date('expiresAt', expiresAt));
    }
    const values = events.map(({ workflow, context, delivery, eventKey = randomUUID() }) => {
      const row = [delivery.id, String(workflow.id), workflow.key, eventKey, context, ...fixed];
      if (withDelivery) {
        row.push(this.deliveries.textOf(delivery));
      }
      return `(${row.map((value) => bind.add(value)).join(', ')})`;
    });
    const names = [...columns.map((column) => table.column(column)), ...(withDelivery ? [DELIVERY] : [])];
    return `INSERT INTO ${name} (${names.join(', ')}) VALUES ${values.join(', ')}`;
  }
}

/** Executions to count, by workflow key and by id of the workflow's version. */
export interface Counts {
  byKey: Map<string, number>;
  byId: Map<string, number>;
}

/** Counts events. The keys are sorted, so that two processes lock the counters in the same order. */
export function count(events: StorableEvent[]): Counts {
  const tally = (of: (event: StorableEvent) => string) => {
    const by = new Map<string, number>();
    for (const event of events) {
      by.set(of(event), (by.get(of(event)) ?? 0) + 1);
    }
    return new Map([...by].sort(([a], [b]) => (a < b ? -1 : 1)));
  };
  return { byKey: tally(({ workflow }) => workflow.key), byId: tally(({ workflow }) => String(workflow.id)) };
}
