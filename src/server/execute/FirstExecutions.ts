import { setTimeout as sleep } from 'node:timers/promises';
import type PluginWorkflowServer from '@nocobase/plugin-workflow';
import type { WorkflowModel } from '@nocobase/plugin-workflow';
import type { Application } from '@nocobase/server';
import { rejection, type Reply } from '../native';
import { isSuspended, isUnderWay, replyOfExecution } from '../respond/executionReply';
import { findExecution } from '../store/findExecution';
import { defaultTimeout, timeoutOf } from './timeLimits';

/** The pause between two looks at an execution: the first one, and the longest. */
const PAUSE_MS = { first: 25, longest: 1_000 };

/**
 * Finds out the replies to duplicates of synchronous events: a duplicate gets what the first one's execution comes to, and waits for
 * it if it hasn't ended. It waits without a turn, which the first may need.
 */
export class FirstExecutions {
  /** The executions that duplicates wait for: each is looked at once, no matter how many wait. */
  private readonly replies = new Map<string, Promise<Reply>>();
  private stopped = false;

  constructor(
    private readonly app: Application,
    private readonly workflow: PluginWorkflowServer,
  ) {}

  /** Returns the reply to a duplicate of the event that has the given execution. */
  async reply(executionId: string, workflow: WorkflowModel): Promise<Reply> {
    let reply = this.replies.get(executionId);
    if (!reply) {
      reply = this.replyOnceEnded(executionId, timeoutOf(workflow) || defaultTimeout() || Infinity).finally(() =>
        this.replies.delete(executionId),
      );
      this.replies.set(executionId, reply);
    }
    try {
      return await reply;
    } catch (error) {
      this.workflow
        .getLogger(workflow.id)
        .error("webhook event: the first event's execution could not be read", { error });
      return rejection('notStored');
    }
  }

  /** Ends all waiting. */
  stop(): void {
    this.stopped = true;
  }

  private async replyOnceEnded(executionId: string, limit: number): Promise<Reply> {
    const arrived = Date.now();
    for (let pause = PAUSE_MS.first; !this.stopped; pause = Math.min(2 * pause, PAUSE_MS.longest)) {
      const execution = await findExecution(this.app, { id: executionId });
      if (!execution) {
        return rejection('notStored');
      }
      if (!isUnderWay(execution) || (await isSuspended(this.app, execution))) {
        return replyOfExecution(this.app, execution);
      }
      if (Date.now() - (execution.startedAt?.getTime() ?? arrived) >= limit) {
        return rejection('timedOut');
      }
      await sleep(pause);
    }
    return rejection('stopping');
  }
}
