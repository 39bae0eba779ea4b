import type { Context } from '@nocobase/actions';
import { EXECUTION_STATUS } from '@nocobase/plugin-workflow';
import type PluginWorkflowServer from '@nocobase/plugin-workflow';
import type { Application } from '@nocobase/server';
import type { RunOutcome } from '../../../index';
import { rejection, type Reply } from '../native';
import { execute } from '../nocobase/engine';
import { replyToDuplicate } from '../respond/duplicate';
import { replyOfExecution, replyToInterrupted } from '../respond/executionReply';
import { REPLY_SLOT, type ReplySlot } from '../respond/ResponseInstruction';
import type { WebhookEvent } from '../store/events';
import type { ExecutionStore } from '../store/ExecutionStore';
import { rejectNotStored } from '../store/rejectNotStored';
import type { UndoableEvents } from '../store/UndoableEvents';
import type { Telemetry } from '../telemetry';
import { Tickets } from '../Tickets';
import type { FirstExecutions } from './FirstExecutions';
import { timeoutOf } from './timeLimits';

/** The addon's line of synchronous requests. */
interface Line {
  run(ticket: number, webhook: string, timeoutMs: number): Promise<RunOutcome>;
  leave(ticket: number): void;
}

/** The reply to a synchronous event that had its turn. A duplicate waits for it after its turn: the first may need one. */
type AfterTurn = () => Reply | Promise<Reply>;

/** Executes synchronous events, each when the addon says that it is its turn. */
export class SynchronousExecutions {
  private readonly waiting = new Tickets<() => Promise<void>>();

  /** @param exclusively runs what writes to the database when nothing else of ours does */
  constructor(
    private readonly app: Application,
    private readonly workflow: PluginWorkflowServer,
    private readonly store: ExecutionStore,
    private readonly exclusively: <T>(write: () => Promise<T>) => Promise<T>,
    private readonly undoable: UndoableEvents,
    private readonly firsts: FirstExecutions,
    private readonly telemetry: Telemetry,
  ) {}

  /** Waits for the event's turn, executes it, and returns the reply. */
  async run(event: WebhookEvent, ctx: Context, line: Line): Promise<Reply> {
    const began = performance.now();
    let reply: AfterTurn = () => rejection('notStored');
    const ticket = this.waiting.add(async () => {
      const executing = this.exclusively(() => this.execute(event, ctx));
      reply = await this.undoable.during([event], executing);
    });
    const leave = () => line.leave(ticket);
    ctx.res.once('close', leave);
    const outcome = await line.run(ticket, event.workflow.key, timeoutOf(event.workflow));
    ctx.res.off('close', leave);
    this.waiting.take(ticket);
    this.telemetry.ran(performance.now() - began);
    switch (outcome.kind) {
      case 'done':
        return reply();
      case 'timeout':
        return rejection('timedOut');
      case 'closed':
        return rejection('stopping');
      case 'failed':
        this.workflow.getLogger(event.workflow.id).error(`webhook event could not be executed: ${outcome.reason}`);
        return rejection('notStored');
      default:
        return rejection('busy');
    }
  }

  /** Executes the event of a ticket, whose turn has come. */
  async runTicket(ticket: number): Promise<void> {
    await this.waiting.get(ticket)?.();
  }

  private async execute(event: WebhookEvent, ctx: Context): Promise<AfterTurn> {
    const { workflow } = event;
    const startedAt = new Date();
    const timeout = timeoutOf(workflow);
    const begun = { startedAt, expiresAt: timeout > 0 ? new Date(startedAt.getTime() + timeout) : null };
    event.begun = begun;
    const result = await this.store.store([event]);
    if (result.kind !== 'stored') {
      const rejected = rejectNotStored(this.workflow, event, result);
      return () => rejected;
    }
    const [{ executionId, replayed }] = result.as;
    if (replayed) {
      return async () => replyToDuplicate(await this.firsts.reply(executionId, workflow));
    }
    const slot: ReplySlot = {};
    const values = { id: executionId, context: JSON.parse(event.context) as object, ...begun };
    const options = { fresh: true, httpContext: ctx, [REPLY_SLOT]: slot };
    this.telemetry.accepted(true);
    let execution;
    try {
      execution = await execute(this.app, this.workflow, workflow, values, options);
    } catch (error) {
      this.workflow.getLogger(workflow.id).error(`execution (${executionId}) was interrupted`, { error });
      return () => replyToInterrupted(workflow);
    }
    const reply =
      slot.reply && execution.status === EXECUTION_STATUS.RESOLVED
        ? slot.reply
        : await replyOfExecution(this.app, execution);
    return () => reply;
  }
}
