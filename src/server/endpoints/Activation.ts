import { setTimeout as sleep } from 'node:timers/promises';
import type { Model, Transactionable } from '@nocobase/database';
import type { WorkflowModel } from '@nocobase/plugin-workflow';
import type { Application } from '@nocobase/server';
import { PACKAGE_NAME, TRIGGER_TYPE } from '../../common/names';
import { outermostTransaction } from '../nocobase/transactions';
import type { Endpoints, WebhookEndpoint } from './Endpoints';
import { within } from '../within';

/** How long a read of the database may take before its keys are in doubt. */
const READ_MS = 2_000;

/** How long after a failed read it is tried again. */
const RETRY_MS = 1_000;

/**
 * The time between two reads that requests cause. All requests that arrive meanwhile share the next one, so requests cost at most
 * 20 reads a second; each waits no longer than this and the read.
 */
const LOOK_UP_MS = 50;

/** The most requests that may wait for such a read. */
const MOST_WAITING = 1_000;

/** How long a key is looked up after its endpoint was removed: a version may be disabled for a while before the next one is enabled. */
const REMEMBERED_MS = 60 * 60_000;

/** The most removed keys that are remembered; the oldest are forgotten first. */
const MOST_REMEMBERED = 10_000;

/**
 * Keeps the endpoints equal to what the database has committed.
 *
 * What NocoBase reports about a workflow is only a reason to read its key from the database, never the truth. Verified with 2.2.15:
 *
 * - The workflow plugin calls `Trigger.on` and `off` in hooks of a save, inside its transaction, which may yet fail; it
 *   passes no transaction. It activates a version by disabling the previous one and enabling the new one, with queries between.
 * - On the other nodes it calls both without a transaction, when a message arrives: a second or more after the commit
 *   (`SyncMessageManager` debounces), in any order, and for a failed commit as well.
 * - Sequelize calls `afterCommit` hooks after a commit that failed, too.
 * - Between `afterStart` and its own reading of all workflows, messages of other nodes arrive already.
 *
 * So an endpoint stays until a read says otherwise: a read sees either all of a transaction or nothing of it.
 */
export class Activation {
  private state: 'loading' | 'running' | 'stopped' = 'loading';
  /** Keys whose committed version has to be read. */
  private changed = new Set<string>();
  /** Keys that requests look up. */
  private wanted = new Set<string>();
  /** Keys whose committed version could not be read. */
  private readonly inDoubt = new Set<string>();
  /** Keys whose endpoint was removed, and when. */
  private readonly removed = new Map<string, number>();
  /** The keys that a transaction has written. */
  private readonly written = new WeakMap<object, Set<string>>();
  private reading: Promise<boolean> = Promise.resolve(true);
  private next: Promise<boolean> | undefined;
  private lookingUp: Promise<boolean> | undefined;
  private lastLookUp = 0;
  private waiting = 0;
  private retry: NodeJS.Timeout | undefined;

  constructor(
    private readonly app: Application,
    private readonly endpoints: Endpoints,
  ) {
    // NocoBase removes all listeners from a database that it replaces.
    app.db.on('workflows.afterSave', this.afterWrite);
    app.db.on('workflows.afterDestroy', this.afterWrite);
  }

  /** Reads all webhooks. Until then no key is known. */
  async start(): Promise<void> {
    this.changed.clear();
    try {
      const workflows = await this.committed({});
      if (this.state === 'stopped') {
        return;
      }
      this.state = 'running';
      workflows.forEach((workflow) => this.place(workflow));
      // What changed while that was read.
      await this.read([]);
    } catch (error) {
      this.failed(error);
      this.retryLater(() => this.start());
    }
  }

  /** Stops following the database: the workflow plugin disables all workflows when an app stops. */
  stop(): void {
    this.state = 'stopped';
    clearTimeout(this.retry);
  }

  /** Reads a key whose workflow may have changed. Fulfilled once what is committed now has been read, or can't be read. */
  async touch(key: string): Promise<void> {
    await this.read([key]);
  }

  /**
   * Looks up the endpoint of a key that has none as far as this node knows.
   *
   * @returns `undefined` if the database has none either, `'inDoubt'` if that isn't known
   */
  async find(key: string): Promise<WebhookEndpoint | undefined | 'inDoubt'> {
    if (this.state === 'loading' || this.inDoubt.has(key)) {
      return 'inDoubt';
    }
    if (!this.wasRemoved(key)) {
      return undefined;
    }
    if (this.waiting >= MOST_WAITING) {
      return 'inDoubt';
    }
    this.waiting += 1;
    try {
      this.wanted.add(key);
      return (await (this.lookingUp ??= this.lookUp())) ? this.endpoints.get(key) : 'inDoubt';
    } finally {
      this.waiting -= 1;
    }
  }

  private readonly afterWrite = async (workflow: Model, options: Transactionable): Promise<void> => {
    const key = workflow.get('key') as string;
    const outermost = outermostTransaction(options);
    if (!outermost) {
      return this.touch(key);
    }
    const keys = this.written.get(outermost);
    if (keys) {
      keys.add(key);
      return;
    }
    const first = new Set([key]);
    this.written.set(outermost, first);
    outermost.afterCommit(() => this.read(first));
  };

  private async lookUp(): Promise<boolean> {
    await sleep(Math.max(0, this.lastLookUp + LOOK_UP_MS - performance.now()));
    this.lastLookUp = performance.now();
    this.lookingUp = undefined;
    const keys = this.wanted;
    this.wanted = new Set();
    return this.read(keys);
  }

  /** Returns whether the committed versions of some keys have been read, by a read that began after this call. */
  private read(keys: Iterable<string>): Promise<boolean> {
    for (const key of keys) {
      this.changed.add(key);
    }
    return this.state === 'running' ? (this.next ??= this.readNext()) : Promise.resolve(false);
  }

  // One read at a time, or a late result could replace a newer one. Keys that are added meanwhile share the next.
  private async readNext(): Promise<boolean> {
    await this.reading;
    const keys = [...this.changed];
    this.changed = new Set();
    this.next = undefined;
    this.reading = this.readKeys(keys);
    return this.reading;
  }

  private async readKeys(keys: string[]): Promise<boolean> {
    if (keys.length === 0 || this.state !== 'running') {
      return true;
    }
    let workflows;
    try {
      workflows = await this.committed({ key: keys });
    } catch (error) {
      for (const key of keys) {
        this.endpoints.remove(key);
        this.inDoubt.add(key);
      }
      this.failed(error);
      this.retryLater(() => this.read(this.inDoubt));
      return false;
    }
    const byKey = new Map(workflows.map((workflow) => [workflow.key, workflow]));
    for (const key of keys) {
      const workflow = byKey.get(key);
      const wasInDoubt = this.inDoubt.delete(key);
      if (workflow) {
        this.place(workflow);
      } else if (this.endpoints.remove(key) || wasInDoubt) {
        this.remember(key);
      }
    }
    return true;
  }

  // One workflow that can't become an endpoint keeps no other one from it.
  private place(workflow: WorkflowModel): void {
    try {
      this.endpoints.set(workflow);
    } catch (error) {
      this.endpoints.remove(workflow.key);
      this.inDoubt.add(workflow.key);
      this.app.logger.error(
        `${PACKAGE_NAME}: workflow ${workflow.key} can't become an endpoint; its requests get 503`,
        {
          error,
        },
      );
    }
  }

  private committed(where: { key?: string[] }): Promise<WorkflowModel[]> {
    const workflows = this.app.db.getModel('workflows').findAll({
      where: { ...where, type: TRIGGER_TYPE, enabled: true },
      // Two versions are never enabled, unless two nodes enabled them at the same moment: then the newer one is used.
      order: [['id', 'ASC']],
    });
    return within(READ_MS, workflows as unknown as Promise<WorkflowModel[]>);
  }

  private failed(error: unknown): void {
    this.app.logger.error(
      `${PACKAGE_NAME}: could not read from the database which webhooks are enabled; requests to those in doubt get 503`,
      { error },
    );
  }

  private retryLater(again: () => Promise<unknown>): void {
    if (this.state !== 'stopped') {
      clearTimeout(this.retry);
      this.retry = setTimeout(() => void again(), RETRY_MS).unref();
    }
  }

  private remember(key: string): void {
    this.removed.delete(key);
    this.removed.set(key, performance.now());
    if (this.removed.size > MOST_REMEMBERED) {
      this.removed.delete(this.removed.keys().next().value as string);
    }
  }

  private wasRemoved(key: string): boolean {
    const at = this.removed.get(key);
    return at !== undefined && performance.now() - at < REMEMBERED_MS;
  }
}
