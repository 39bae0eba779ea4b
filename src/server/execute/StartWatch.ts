import { EXECUTION_STATUS } from '@nocobase/plugin-workflow';
import type { Application } from '@nocobase/server';

const EVERY_MS = 1_000;
const PAGE = 500;

/**
 * Makes sure that executions begin on SQLite.
 *
 * If another transaction (a user saving a workflow, another plugin) is in the way when the engine enters an execution, SQLite
 * fails the engine's write at once, and the engine leaves the execution until its own recovery minutes later. So each execution
 * that was put into the engine's queue is looked at every second until it has begun, and queued again if the engine is idle and
 * hasn't begun it. Entering is a conditional update, so the execution begins once no matter how often it is queued.
 */
export class StartWatch {
  private readonly ids = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  /**
   * @param isIdle says whether the engine has nothing to do
   * @param publish puts an execution into the engine's queue
   */
  constructor(
    private readonly app: Application,
    private readonly isIdle: () => boolean,
    private readonly publish: (executionId: string) => Promise<void>,
  ) {}

  /** Watches an execution that was put into the engine's queue. */
  watch(executionId: string): void {
    this.ids.add(executionId);
    this.schedule();
  }

  /** Ends watching. What hasn't begun is found by the engine when it starts again. */
  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private schedule(): void {
    if (!this.timer && !this.stopped && this.ids.size) {
      this.timer = setTimeout(() => void this.look(), EVERY_MS);
    }
  }

  private async look(): Promise<void> {
    try {
      if (this.isIdle()) {
        await this.lookAt([...this.ids].slice(0, PAGE));
      }
    } catch (error) {
      this.app.logger.warn('webhooks: looking for executions that did not begin failed', { error });
    }
    this.timer = undefined;
    this.schedule();
  }

  private async lookAt(ids: string[]): Promise<void> {
    const rows = await this.app.db.getModel('executions').findAll({
      attributes: ['id'],
      where: { id: ids, status: EXECUTION_STATUS.QUEUEING, dispatched: false },
    });
    const waiting = new Set(rows.map((row) => String(row.get('id'))));
    for (const id of ids) {
      if (!waiting.has(id)) {
        this.ids.delete(id);
      } else if (!this.stopped) {
        await this.publish(id);
      }
    }
  }
}
