import { isDeepStrictEqual } from 'node:util';
import type PluginWorkflowServer from '@nocobase/plugin-workflow';
import type { Application } from '@nocobase/server';
import type { UndoableEvent, WebhookEvent } from './events';
import { findExecution } from './findExecution';

/** Events that are being stored and have side effects (saved files), which are undone unless the event gets an execution. */
export class UndoableEvents {
  /** What is being done with each event. It may continue after its request was answered. */
  private readonly underWay = new Map<WebhookEvent, Promise<unknown>>();

  constructor(
    private readonly app: Application,
    private readonly workflow: PluginWorkflowServer,
  ) {}

  /** Waits for work that stores events, and remembers meanwhile that it is under way. */
  async during<T>(events: WebhookEvent[], work: Promise<T>): Promise<T> {
    const undoable = events.filter((event) => 'undoable' in event);
    for (const event of undoable) {
      this.underWay.set(event, work);
    }
    try {
      return await work;
    } finally {
      for (const event of undoable) {
        this.underWay.delete(event);
      }
    }
  }

  /**
   * Undoes the side effects of an event that has no execution and won't get one: it was rejected, or is a duplicate. If that isn't
   * known yet (its time was up, and yet it may be stored), they are undone once it is known, and this doesn't wait for it.
   */
  async undoUnlessStored(event: UndoableEvent, undo: () => Promise<void>): Promise<void> {
    const undoUnlessStored = async () => {
      if (!(await this.isStored(event))) {
        await undo();
      }
    };
    const underWay = this.underWay.get(event);
    if (underWay) {
      void underWay.then(undoUnlessStored, undoUnlessStored);
    } else {
      await undoUnlessStored();
    }
  }

  // In doubt it is. An execution of this key with another context belongs to another request.
  private async isStored({ eventKey, context, workflow }: UndoableEvent): Promise<boolean> {
    try {
      const execution = await findExecution(this.app, { eventKey });
      const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
      return execution !== null && isDeepStrictEqual(plain(execution.context), plain(JSON.parse(context)));
    } catch (error) {
      this.workflow.getLogger(workflow.id).error('webhook event: not known whether it is stored', { error });
      return true;
    }
  }
}
