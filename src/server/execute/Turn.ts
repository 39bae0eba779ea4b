import type PluginWorkflowServer from '@nocobase/plugin-workflow';
import { executingNow } from '../nocobase/engine';

/** How long one write may hold the turn. Entering an execution takes a few milliseconds; a node may take minutes. */
const HOLD_MS = 100;

/**
 * Takes turns at writing to SQLite.
 *
 * The engine enters an execution in a transaction that reads first and writes then. A write of ours that falls between
 * the two makes SQLite refuse the engine's write at once (it could never succeed, so no waiting helps), and the engine
 * leaves that execution until its recovery minutes later. So what we write and what it enters go one after another: each holds the turn until it is done, {@link HOLD_MS} at most. What takes longer
 * has entered its execution, and single statements wait for each other well.
 */
export class Turn {
  private readonly first: (() => Promise<void>)[] = [];
  private readonly then: (() => Promise<void>)[] = [];
  private taken = false;

  constructor(private readonly workflow: PluginWorkflowServer) {}

  /**
   * Runs `body` when its turn comes; turns come in the order in which they were asked for.
   *
   * @param urgent whether it comes before all that isn't
   */
  take<T>(body: () => Promise<T>, urgent = false): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      (urgent ? this.first : this.then).push(() => {
        const running = body();
        running.then(resolve, reject);
        return atMost(running);
      });
      void this.next();
    });
  }

  private async next(): Promise<void> {
    if (this.taken) {
      return;
    }
    this.taken = true;
    for (;;) {
      await atMost(Promise.resolve(executingNow(this.workflow)));
      const body = this.first.shift() ?? this.then.shift();
      if (!body) {
        break;
      }
      await body();
    }
    this.taken = false;
  }
}

/** Waits until a promise is settled, {@link HOLD_MS} at most. Its failure is left to those who use its value. */
async function atMost(promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([
    promise.catch(() => undefined),
    new Promise((resolve) => (timer = setTimeout(resolve, HOLD_MS))),
  ]);
  clearTimeout(timer);
}
