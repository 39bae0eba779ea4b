import type { Application } from '@nocobase/server';
import type { DeliveryResult } from '../../common/delivery';
import { newId } from '../newId';
import { describeFailure } from '../store/failures';
import type { DeliveryChange, Recorded } from './delivery';

/** What isn't stored with an event is written this often, so that a crash loses less than a second of it. */
const FLUSH_MS = 500;

/** Rows a second of one webhook for requests that anybody can send. Further ones are counted in a row like them. */
const ROWS_A_SECOND = 10;

/** The most rows and changes that wait while the database is away; of what is beyond, only the number is logged. */
const MOST_WAITING = 20_000;

/** The most rows and changes of one statement. */
const STATEMENT_ROWS = 1000;

/** How often the table is looked for while it can't be created. */
const RETRY_MS = 5_000;

/** Where deliveries are written. */
interface Target {
  /** Creates the table if it is missing. */
  prepare(): Promise<void>;
  add(deliveries: Recorded[]): Promise<void>;
  change(changes: Map<string, DeliveryChange>): Promise<void>;
}

/** What tells which deliveries are alike. */
interface Kind {
  workflowKey: string;
  result: DeliveryResult;
  code?: string;
}

/** The rows that a webhook got in a second, and the last one of each kind. */
interface Second {
  second: number;
  rows: number;
  last: Map<string, Recorded>;
}

/**
 * Records deliveries. Those of accepted events are stored with their executions; what has no execution of its own, and what is known
 * only later, is collected here and written in batches.
 */
export class Journal {
  private readonly seconds = new Map<string, Second>();
  private readonly fresh: Recorded[] = [];
  private readonly changes = new Map<string, DeliveryChange>();
  private omitted = 0;
  private timer: NodeJS.Timeout | undefined;
  private state: 'unopened' | 'open' | 'closed' = 'unopened';
  private writing: Promise<void> = Promise.resolve();

  /**
   * @param whenQuiet runs what writes to the database when nothing else of this process does, where the database needs that
   * @param now returns the milliseconds of a clock that never goes back
   */
  constructor(
    private readonly app: Pick<Application, 'logger' | 'snowflakeIdGenerator'>,
    private readonly target: Target,
    private readonly whenQuiet: <T>(write: () => Promise<T>) => Promise<T>,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Whether deliveries can be recorded. Until then no event may be stored. */
  get isOpen(): boolean {
    return this.state === 'open';
  }

  /** Prepares the table. If that fails, it is logged and tried again. */
  async open(): Promise<void> {
    try {
      await this.target.prepare();
      this.state = 'open';
    } catch (error) {
      this.app.logger.error(
        'webhooks: the table of deliveries is missing and could not be created; webhooks answer 503',
        {
          error,
        },
      );
      this.timer = setTimeout(() => void this.open(), RETRY_MS);
    }
  }

  /** Writes what has been recorded, and records nothing further. */
  async close(): Promise<void> {
    if (this.isOpen) {
      await this.flush();
    }
    clearTimeout(this.timer);
    this.state = 'closed';
  }

  /** Returns an id that no delivery and no execution has. */
  nextId(): string {
    return newId(this.app);
  }

  /**
   * Records a delivery that isn't stored with an execution, under an id of its own.
   *
   * @param make returns everything else about it
   * @returns the recorded one; `undefined` if it is only counted
   */
  record(kind: Kind, make: () => Omit<Recorded, 'id' | keyof Kind>): Recorded | undefined {
    if (!this.isOpen) {
      return undefined;
    }
    if (this.fresh.length >= MOST_WAITING) {
      this.omitted += 1;
      return undefined;
    }
    // A duplicate comes from a sender that has authenticated itself.
    const second = kind.result === 'duplicate' ? undefined : this.secondOf(kind.workflowKey);
    const name = kind.code ?? kind.result;
    const like = second?.last.get(name);
    if (like && second && second.rows >= ROWS_A_SECOND) {
      this.change(like, { more: (like.more ?? 0) + 1 });
      return undefined;
    }
    const delivery: Recorded = { id: this.nextId(), ...kind, ...make() };
    if (second) {
      second.rows += 1;
      second.last.set(name, delivery);
    }
    this.fresh.push(delivery);
    this.flushSoon();
    return delivery;
  }

  /** Notes what is known of a delivery only now. */
  change(delivery: Recorded, change: DeliveryChange): void {
    Object.assign(delivery, change);
    if (!delivery.isStored) {
      return;
    }
    if (this.changes.size >= MOST_WAITING) {
      this.omitted += 1;
      return;
    }
    this.changes.set(delivery.id, { ...this.changes.get(delivery.id), ...change });
    this.flushSoon();
  }

  /** Writes what has been recorded so far. Never throws. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.writing = this.writing.then(() => this.write());
    return this.writing;
  }

  private secondOf(workflowKey: string): Second {
    const second = Math.floor(this.now() / 1000);
    let current = this.seconds.get(workflowKey);
    if (current?.second !== second) {
      current = { second, rows: 0, last: new Map() };
      this.seconds.set(workflowKey, current);
    }
    return current;
  }

  private flushSoon(): void {
    if (this.isOpen) {
      this.timer ??= setTimeout(() => void this.flush(), FLUSH_MS);
    }
  }

  private async write(): Promise<void> {
    if (this.omitted > 0) {
      this.app.logger.warn(`webhooks: ${this.omitted} deliveries or changes of some could not be recorded`);
      this.omitted = 0;
    }
    this.forgetPastSeconds();
    while (this.fresh.length > 0 || this.changes.size > 0) {
      const added = this.fresh.splice(0, STATEMENT_ROWS);
      // The changes of a row are written after it.
      const changed = added.length > 0 ? new Map<string, DeliveryChange>() : this.takeChanges();
      for (const delivery of added) {
        delivery.isStored = true;
      }
      try {
        await this.whenQuiet(() => (added.length > 0 ? this.target.add(added) : this.target.change(changed)));
      } catch (error) {
        if (!this.putBack(added, changed, error)) {
          this.flushSoon();
          return;
        }
      }
    }
  }

  /** Handles a failed write. Returns whether to go on at once. */
  private putBack(added: Recorded[], changed: Map<string, DeliveryChange>, error: unknown): boolean {
    const { kind, reason } = describeFailure(error);
    if (kind === 'rejected') {
      this.app.logger.warn(
        `webhooks: ${added.length + changed.size} deliveries or changes are not recorded: ${reason}`,
      );
      return true;
    }
    for (const delivery of added) {
      // It was complete: what changed meanwhile is part of it.
      delivery.isStored = false;
      this.changes.delete(delivery.id);
      if (kind === 'duplicate') {
        delivery.id = this.nextId();
      }
    }
    this.fresh.unshift(...added);
    for (const [id, change] of changed) {
      this.changes.set(id, { ...change, ...this.changes.get(id) });
    }
    return false;
  }

  private takeChanges(): Map<string, DeliveryChange> {
    const taken = new Map<string, DeliveryChange>();
    for (const [id, change] of this.changes) {
      if (taken.size === STATEMENT_ROWS) {
        break;
      }
      taken.set(id, change);
      this.changes.delete(id);
    }
    return taken;
  }

  private forgetPastSeconds(): void {
    const second = Math.floor(this.now() / 1000);
    for (const [key, { second: then }] of this.seconds) {
      if (then < second) {
        this.seconds.delete(key);
      }
    }
  }
}
