import { setTimeout as sleep } from 'node:timers/promises';
import { type Database, Op } from '@nocobase/database';
import type { Application } from '@nocobase/server';
import { DELIVERIES } from '../../common/names';

const DAY_MS = 24 * 60 * 60 * 1000;

/** How long deliveries are kept, and how many of a webhook. */
const KEPT_MS = 14 * DAY_MS;
const MOST_OF_WEBHOOK = 100_000;

/** When after the start and how often it is looked for those that are to be deleted. */
const FIRST_LOOK_MS = 10 * 1000;
const LOOK_MS = 10 * 60 * 1000;

/** How many are deleted at once, and the rest in between: nobody has to wait for it. */
const STEP = 1000;
const REST_MS = 100;

const LOCK = 'webhook-deliveries-retention';

/** What retention knows of a delivery. */
interface Row {
  id: string;
  receivedAt: Date | string;
}

/** Deletes old deliveries in small steps. With Redis only one node does at a time. */
export class Retention {
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  /** @param whenQuiet runs what writes to the database when nothing else of this process does, where the database needs that */
  constructor(
    private readonly app: Application,
    private readonly whenQuiet: <T>(write: () => Promise<T>) => Promise<T>,
  ) {}

  start(): void {
    this.lookAfter(FIRST_LOOK_MS);
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private lookAfter(ms: number): void {
    this.timer = setTimeout(() => void this.enforce().then(() => !this.stopped && this.lookAfter(LOOK_MS)), ms);
    this.timer.unref();
  }

  /** Deletes what is too old or too much. Never throws. */
  private async enforce(): Promise<void> {
    try {
      const lock = await this.app.lockManager.tryAcquire(LOCK, LOOK_MS);
      await lock.runExclusive(() => this.deleteAll(), LOOK_MS);
    } catch (error) {
      this.app.logger.warn('webhooks: old deliveries could not be deleted, which is tried again', { error });
    }
  }

  private async deleteAll(): Promise<void> {
    const oldest = new Date(Date.now() - KEPT_MS);
    await this.deleteWhile({}, ({ receivedAt }) => new Date(receivedAt) < oldest);
    for (const workflowKey of await this.keys()) {
      const [last] = await this.rows({ workflowKey }, 'DESC', 1, MOST_OF_WEBHOOK);
      if (last) {
        await this.deleteWhile({ workflowKey, id: { [Op.lte]: last.id } }, () => true);
      }
    }
  }

  /** Deletes deliveries from the oldest one on, until a step has one that isn't meant. */
  private async deleteWhile(where: object, isMeant: (row: Row) => boolean): Promise<void> {
    while (!this.stopped) {
      // By ids, which are in the order of arrival, as only they have an index.
      const ids = (await this.rows(where, 'ASC', STEP)).filter(isMeant).map(({ id }) => id);
      if (ids.length > 0) {
        await this.whenQuiet(() => this.deliveries().destroy({ where: { id: ids } }));
      }
      if (ids.length < STEP) {
        return;
      }
      await sleep(REST_MS);
    }
  }

  /** Returns the keys of all webhooks that have deliveries: from one key to the next, by the index alone. */
  private async keys(): Promise<string[]> {
    const keys: string[] = [];
    for (;;) {
      const after = keys.length > 0 ? { workflowKey: { [Op.gt]: keys[keys.length - 1] } } : {};
      const row = (await this.deliveries().findOne({
        attributes: ['workflowKey'],
        where: after,
        order: [['workflowKey', 'ASC']],
        raw: true,
      })) as { workflowKey: string } | null;
      if (!row || this.stopped) {
        return keys;
      }
      keys.push(row.workflowKey);
    }
  }

  private async rows(where: object, order: 'ASC' | 'DESC', limit: number, offset = 0): Promise<Row[]> {
    const rows = await this.deliveries().findAll({
      attributes: ['id', 'receivedAt'],
      where: where as never,
      order: [['id', order]],
      limit,
      offset,
      raw: true,
    });
    return rows as unknown as Row[];
  }

  private deliveries(): ReturnType<Database['getModel']> {
    return this.app.db.getModel(DELIVERIES);
  }
}
