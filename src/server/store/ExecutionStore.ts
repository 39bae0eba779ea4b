import { randomInt } from 'node:crypto';
import type { Database } from '@nocobase/database';
import type { Application } from '@nocobase/server';
import { newId } from '../newId';
import { withRequestId } from '../receive/requestVariables';
import type { StorableEvent } from './events';
import { ExecutionTables, type Writer } from './ExecutionTables';
import { describeFailure } from './failures';
import { type JsonLimits, readJsonLimits, whyNotStorable } from './jsonLimits';
import { MysqlWriter } from './mysql';
import { PostgresWriter } from './postgres';
import { SqliteWriter } from './sqlite';

/** Where an event is stored: its execution, and whether that existed before, under the same event key. */
export interface StoredAs {
  executionId: string;
  replayed: boolean;
}

/** Why nothing is stored: because of the database (`unavailable`) or of an event (`rejected`). */
export interface NotStored {
  kind: 'unavailable' | 'rejected';
  reason: string;
}

/** The result of storing a batch: all of it is stored, or nothing. */
export type StoreResult = { kind: 'stored'; as: StoredAs[] } | NotStored;

/** How often a batch is tried after another process was in its way (a deadlock, the same event key, the same ids). */
const ATTEMPTS = 4;

/**
 * How many ids are skipped, at most, to get clear of those of another process. More than are given in a second, and few enough that
 * all attempts together don't use up the 65,536 of a second: NocoBase's generator then waits for the next, blocking.
 */
const SKIPPED_IDS = 8192;

/**
 * Stores events as executions of NocoBase's workflow engine, in the state in which the engine itself picks them up
 * (queueing and not dispatched), or as begun. What the engine's `createExecution` writes one by one is written here for many at once,
 * with the counters `executed` in the same transaction.
 */
export class ExecutionStore {
  private readonly db: Database;
  private readonly writer: Writer;
  private limits: Promise<JsonLimits | undefined> | undefined;

  constructor(private readonly app: Application) {
    this.db = app.db;
    const tables = new ExecutionTables(this.db);
    switch (this.db.sequelize.getDialect()) {
      case 'postgres':
        this.writer = new PostgresWriter(tables);
        break;
      case 'sqlite':
        this.writer = new SqliteWriter(tables);
        break;
      default:
        this.writer = new MysqlWriter(tables, async () => (await this.readLimits())?.packet);
    }
  }

  /**
   * Returns why the database will never accept a context, or `undefined` if nothing is known against it.
   *
   * Asked before the context is sent, because one that is too large for MariaDB and MySQL breaks the connection, and with it the
   * other events of its batch.
   */
  async whyNotStorable(context: string): Promise<string | undefined> {
    const limits = await this.readLimits();
    return limits && whyNotStorable(context, limits);
  }

  /** Stores all `events` or none. Never throws. */
  async store(events: StorableEvent[]): Promise<StoreResult> {
    const rows = new Set<StorableEvent>();
    const byKey = new Map<string, StorableEvent>();
    for (const event of events) {
      // Of several with one key in a batch the first is stored, the others are its duplicates.
      if (event.eventKey === undefined || !byKey.has(event.eventKey)) {
        rows.add(event);
      }
      if (event.eventKey !== undefined && !byKey.has(event.eventKey)) {
        byKey.set(event.eventKey, event);
      }
    }
    const known = new Map<string, string>();
    for (let attempt = 1; ; attempt += 1) {
      try {
        if (rows.size > 0) {
          noteDurations(rows);
          await this.writer.write([...rows]);
        }
        break;
      } catch (error) {
        const failure = describeFailure(error);
        if (failure.kind === 'unavailable') {
          // The database that comes back may be another one, or have other settings.
          this.limits = undefined;
        }
        if (attempt === ATTEMPTS || failure.kind === 'rejected' || failure.kind === 'unavailable') {
          // A row that is in the way of a single event isn't the event's fault, and may go away; of several events, dividing shows which.
          const isRejected = failure.kind === 'rejected' || (failure.kind === 'duplicate' && rows.size > 1);
          return { kind: isRejected ? 'rejected' : 'unavailable', reason: failure.reason };
        }
        if (failure.kind === 'duplicate') {
          const found = await this.findByKeys([...rows]).catch(() => null);
          if (!found) {
            return { kind: 'unavailable', reason: failure.reason };
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
      kind: 'stored',
      as: events.map((event) => {
        const { delivery } = event;
        if (rows.has(event)) {
          delivery.isStored = true;
          return { executionId: delivery.id, replayed: false };
        }
        const key = event.eventKey as string;
        const executionId = known.get(key) ?? (byKey.get(key) as StorableEvent).delivery.id;
        delivery.result = 'duplicate';
        delivery.executionId = executionId;
        return { executionId, replayed: true };
      }),
    };
  }

  /** Removes what storing has created in the database besides rows. */
  async close(): Promise<void> {
    await this.writer.close?.();
  }

  private readLimits(): Promise<JsonLimits | undefined> {
    if (!this.limits) {
      this.limits = readJsonLimits(this.db);
      this.limits.catch(() => (this.limits = undefined));
    }
    return this.limits;
  }

  // Ids have the worker id of a process and a number that begins at 0 in each second. Where nothing allots worker ids, NocoBase
  // draws one of 32, so that two processes may have the same, and then give the same ids.
  private giveOtherIds(events: Set<StorableEvent>): void {
    for (let skipped = randomInt(SKIPPED_IDS); skipped > 0; skipped -= 1) {
      this.app.snowflakeIdGenerator.generate();
    }
    for (const event of events) {
      const id = newId(this.app);
      event.context = withRequestId(event.context, id);
      Object.assign(event.delivery, { id, executionId: id });
    }
  }

  private async findByKeys(events: StorableEvent[]): Promise<Map<string, string>> {
    const keys = events.flatMap(({ eventKey }) => (eventKey === undefined ? [] : [eventKey]));
    const found = await this.db.getModel('executions').findAll({
      attributes: ['id', 'eventKey'],
      where: { eventKey: keys },
      raw: true,
    });
    return new Map(
      (found as unknown as { id: string; eventKey: string }[]).map((row) => [row.eventKey, String(row.id)]),
    );
  }
}

// Writing it once the response is sent would be a second write for each event.
function noteDurations(events: Iterable<StorableEvent>): void {
  const now = Date.now();
  for (const { begun, delivery } of events) {
    if (!begun) {
      delivery.durationMs = Math.max(0, now - delivery.receivedAt.getTime());
    }
  }
}
