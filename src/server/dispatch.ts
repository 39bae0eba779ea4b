import { EXECUTION_STATUS, type Processor, type WorkflowModel } from '@nocobase/plugin-workflow';
import type PluginWorkflowServer from '@nocobase/plugin-workflow';
import { native, type Reply } from './native';
import { REPLY_SLOT, type ReplySlot } from './ResponseInstruction';

/** An event that was let in: the workflow it is for, and its context as JSON text. */
export interface WebhookEvent {
  workflow: WorkflowModel;
  context: string;
}

/**
 * What becomes of an event that was let in. Both calls end with the reply to give; neither throws for what a database or
 * a workflow does.
 */
export class Dispatch {
  constructor(private readonly workflow: PluginWorkflowServer) {}

  /** Takes an asynchronous event over. Its reply is `answer` once the event is stored, else a refusal. */
  async store({ workflow, context }: WebhookEvent, answer: Reply): Promise<Reply> {
    await this.workflow.trigger(workflow, JSON.parse(context) as object);
    return answer;
  }

  /** Runs a synchronous event and waits for it. */
  async run({ workflow, context }: WebhookEvent, httpContext: unknown): Promise<Reply> {
    const slot: ReplySlot = {};
    const processor = (await this.workflow.trigger(workflow, JSON.parse(context) as object, {
      httpContext,
      [REPLY_SLOT]: slot,
    })) as Processor | null;
    return replyTo(processor, slot);
  }
}

// The table of the contract for synchronous webhooks.
function replyTo(processor: Processor | null, { reply }: ReplySlot): Reply {
  const { refuse, buildReply } = native();
  if (!processor) {
    return refuse('notStored');
  }
  const { status, reason } = processor.execution;
  if (status === EXECUTION_STATUS.RESOLVED) {
    return reply ?? buildReply('{}');
  }
  if (status === EXECUTION_STATUS.STARTED) {
    return buildReply('{"statusCode":202}');
  }
  return refuse(reason === 'timeout' ? 'timedOut' : 'workflowFailed');
}
