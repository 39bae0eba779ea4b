import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Context } from '@nocobase/actions';
import {
  EXECUTION_STATUS,
  type ExecutionModel,
  getExecutionLockKey,
  JOB_STATUS,
  type WorkflowModel,
} from '@nocobase/plugin-workflow';
import type PluginWorkflowServer from '@nocobase/plugin-workflow';
import type { Application } from '@nocobase/server';
import { RESPONSE_TYPE } from '../common/names';
import { Begun } from './execute/StartWatch';
import type { BatchAnswer, DispatchCounts, DispatchLimits, NotStored } from '../../index';
import { native, refuse, type Reply, unstorable } from './native';
import { REPLY_SLOT, type ReplySlot } from './respond/ResponseInstruction';
import { ExecutionStore, type StorableEvent, type StoredAs } from './store/ExecutionStore';
import type { Telemetry } from './telemetry';
import { Turn } from './execute/Turn';

/** An event that was let in: the workflow it is for, and its context as JSON text. */
export interface WebhookEvent extends StorableEvent {
  workflow: WorkflowModel;
}

/** An event with something that has to be undone unless an execution comes of it. It has a key even if its sender gave none. */
export type UndoableEvent = WebhookEvent & { eventKey: string; undoable: true };

/** An event in line to be stored. */
interface Waiting {
  event: WebhookEvent;
  /** Tells where it is, or why it isn't; only the first time counts. */
  settle(outcome: StoredAs | NotStored): void;
}

/** The reply to a synchronous event that had its turn. A duplicate has yet to wait for it: without a turn, which the first may need. */
type AfterTurn = () => Reply | Promise<Reply>;

type Dispatcher = InstanceType<ReturnType<typeof native>['Dispatcher']>;

/** Marks the answer to an event that had been taken over before. */
export const REPLAY_HEADER = 'idempotent-replayed';

/** Seconds that a synchronous execution may take where its workflow has no time limit of its own. */
const SYNC_TIMEOUT = 600;

/** Connections that synchronous executions leave free: one for what the engine runs, one for storing and for NocoBase's own API. */
const FREE_CONNECTIONS = 2;

/** How long a duplicate waits between two looks at the first's execution, at first and at most. */
const LOOK_MS = { first: 25, most: 1_000 };

/** For how long the engine locks an execution that it runs, should its process die. */
const ENGINE_LOCK_MS = 60_000;

/** The longest time that the addon knows, in milliseconds: 49 days. */
const MOST_MS = 2 ** 32 - 1;

/** How long a stop waits for what has been taken over. Orchestrators usually kill 30 s after they ask to stop. */
const DRAIN_MS = 10_000;

const LIMITS = {
  batchEvents: 256,
  batchBytes: 4 * 1024 * 1024,
  linger: 2,
  queueEvents: 10_000,
  queueBytes: 64 * 1024 * 1024,
  storeTime: 15_000,
  abandoned: 3,
  runQueue: 1_000,
  // Less than a proxy's usual 60 s: the sender has to get the 503 that says that nothing has run.
  runWait: 50_000,
  startWindow: 100,
  startBurst: 10_000,
  startQuiet: 300,
  startWaiting: 50_000,
} satisfies Omit<DispatchLimits, 'permits' | 'runHold' | 'startShare'>;

/**
 * How many stored events are handed to the engine in each `startWindow`: a little more than it was seen to run, so that nothing
 * waits under a load that it bears.
 */
const START_SHARE = { sqlite: 4, others: 25 };

/**
 * What becomes of an event that was let in. Both ways end with the reply to give; neither throws for what a database or
 * a workflow does.
 *
 * The queues are the addon's; here is what they are the queues of: the rows of the database and the runs of the engine.
 */
export class Dispatch {
  private queues: Dispatcher | undefined;
  /** Puts an event in line; there as soon as the queues are. */
  private submit!: ReturnType<Dispatcher['submitFunction']>;
  private storage: ExecutionStore | undefined;
  private readonly turn: Turn | undefined;
  private begun: Begun | undefined;
  private closed = false;
  private lastTicket = 0;
  private readonly events = new Map<number, Waiting>();
  /** The executions that are to be started, by the tickets of their events. */
  private readonly toStart = new Map<number, string>();
  private readonly calls = new Map<number, () => Promise<void>>();
  /** What is being done with an event that may have to be undone. It may go on after the event was answered for. */
  private readonly underWay = new Map<WebhookEvent, Promise<unknown>>();
  /** The replies to executions that duplicates wait for, so that however many wait, each execution is looked at once. */
  private readonly endings = new Map<string, Promise<Reply>>();

  constructor(
    private readonly app: Application,
    private readonly workflow: PluginWorkflowServer,
    private readonly telemetry: Telemetry,
  ) {
    this.turn = app.db.sequelize.getDialect() === 'sqlite' ? new Turn(workflow) : undefined;
  }

  /**
   * Takes an asynchronous event over.
   *
   * @param answer the reply to give once the event is stored, its context being JSON text
   */
  async store(event: WebhookEvent, answer: (context: string) => Reply): Promise<Reply> {
    if (!this.open()) {
      return refuse('stopping');
    }
    // Before the event is stored: an answer that can't be given must not leave an event the sender will repeat.
    const reply = answer(event.context);
    const rejection = await this.rejectUnstorable(event);
    if (rejection) {
      return rejection;
    }
    const outcome = await this.inLine(event);
    if (outcome === 'busy') {
      return refuse('busy');
    }
    if (outcome === 'closed') {
      return refuse('stopping');
    }
    if ('status' in outcome) {
      return this.notStored(event, outcome);
    }
    if (outcome.replayed) {
      return replayed(await this.answerAgain(outcome.executionId, answer));
    }
    this.telemetry.accepted(false);
    return reply;
  }

  /** The rejection of an event that the database will never take; `undefined` for any other one. */
  private async rejectUnstorable(event: WebhookEvent): Promise<Reply | undefined> {
    try {
      const reason = await (this.storage as ExecutionStore).whyNotStorable(event.context);
      return reason === undefined ? undefined : unstorable(reason);
    } catch (error) {
      return this.notStored(event, { status: 'unavailable', reason: String(error) });
    }
  }

  /** The rejection of an event that is not stored: one that may be sent again, or one that the database refuses for good. */
  private notStored(event: WebhookEvent, { status, reason }: NotStored): Reply {
    if (status === 'refused') {
      return unstorable(reason);
    }
    this.workflow.getLogger(event.workflow.id).error(`webhook event could not be stored: ${reason}`);
    return refuse('notStored');
  }

  // Once it is stored or known not to be, or at once if it isn't taken.
  private inLine(event: WebhookEvent): Promise<StoredAs | NotStored> | 'busy' | 'closed' {
    const ticket = this.ticket();
    const outcome = new Promise<StoredAs | NotStored>((settle) => this.events.set(ticket, { event, settle }));
    const answer = this.submit(ticket, event.context.length);
    if (answer === 'taken') {
      return outcome;
    }
    this.events.delete(ticket);
    return answer;
  }

  /** Runs a synchronous event and waits for it. */
  async run(event: WebhookEvent, ctx: Context): Promise<Reply> {
    const queues = this.open();
    if (!queues) {
      return refuse('stopping');
    }
    const rejection = await this.rejectUnstorable(event);
    if (rejection) {
      return rejection;
    }
    const began = Date.now();
    const ticket = this.ticket();
    let reply: AfterTurn = () => refuse('notStored');
    this.calls.set(ticket, async () => {
      reply = await this.track(
        [event],
        this.exclusively(() => this.runNow(event, ctx)),
      );
    });
    const leave = () => queues.leave(ticket);
    ctx.res.once('close', leave);
    const outcome = await queues.run(ticket, event.workflow.key, timeoutOf(event.workflow));
    ctx.res.off('close', leave);
    this.calls.delete(ticket);
    this.telemetry.ran(Date.now() - began);
    switch (outcome.status) {
      case 'done':
        return reply();
      case 'timeout':
        return refuse('timedOut');
      case 'closed':
        return refuse('stopping');
      case 'failed':
        this.workflow.getLogger(event.workflow.id).error(`webhook could not be run: ${outcome.reason}`);
        return refuse('notStored');
      default:
        return refuse('busy');
    }
  }

  /**
   * Does something for an event of which no execution has come, nor will: one that was refused, or is a repetition. Where that
   * is not known yet (the time is up, and yet it may be stored), it is done once it is, and this doesn't wait for it.
   */
  async unlessTaken(event: UndoableEvent, undo: () => Promise<void>): Promise<void> {
    const undoUnlessTaken = async () => {
      if (!(await this.isTaken(event))) {
        await undo();
      }
    };
    const underWay = this.underWay.get(event);
    if (underWay) {
      void underWay.then(undoUnlessTaken, undoUnlessTaken);
    } else {
      await undoUnlessTaken();
    }
  }

  // In doubt it is taken. An execution of this key with another context is that of another delivery.
  private async isTaken({ eventKey, context, workflow }: UndoableEvent): Promise<boolean> {
    try {
      const execution = await this.find({ eventKey });
      const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
      return execution !== null && isDeepStrictEqual(plain(execution.context), plain(JSON.parse(context)));
    } catch (error) {
      this.workflow.getLogger(workflow.id).error('webhook event: not known whether it is stored', { error });
      return true;
    }
  }

  private async track<T>(events: WebhookEvent[], work: Promise<T>): Promise<T> {
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

  /** Runs what writes to the database when nothing else here does, where the database needs that. */
  exclusively<T>(body: () => Promise<T>): Promise<T> {
    return this.turn ? this.turn.take(body) : body();
  }

  /** What the queues have done and hold; `undefined` before the first event. */
  counts(): DispatchCounts | undefined {
    return this.queues?.counts();
  }

  /** Takes nothing further, stores what waits, and waits within a limit for what runs. */
  async drain(): Promise<void> {
    this.closed = true;
    this.begun?.stop();
    this.queues?.close();
    if (this.queues && !(await this.queues.drained(DRAIN_MS))) {
      this.app.logger.warn(`webhooks: stopping with work left after ${DRAIN_MS} ms`, { ...this.queues.counts() });
    }
    this.queues = undefined;
    await this.storage?.close();
    this.storage = undefined;
  }

  // Made when first needed: an app with many plugins and no webhooks starts no queues.
  private open() {
    if (this.closed) {
      return undefined;
    }
    this.storage ??= new ExecutionStore(this.app);
    const { turn } = this;
    if (turn) {
      this.begun ??= new Begun(
        this.app,
        () => turn.isEngineIdle(),
        (executionId) => this.publish(executionId),
      );
    }
    if (!this.queues) {
      this.queues = new (native().Dispatcher)(
        {
          ...LIMITS,
          permits: this.permits(),
          runHold: syncTimeout(),
          startShare: this.turn ? START_SHARE.sqlite : START_SHARE.others,
        },
        (tickets) => this.storeBatch(tickets),
        (tickets, why) => this.settle(tickets, () => why),
        async (ticket) => (await this.calls.get(ticket)?.()) as undefined,
        async (tickets) => (await this.start(tickets)) as undefined,
      );
      this.submit = this.queues.submitFunction();
    }
    return this.queues;
  }

  // As many as the database bears: SQLite has one writer, the others have a pool of connections, which isn't ours alone.
  private permits(): number {
    const configured = Number(process.env.WEBHOOK_SYNC_CONCURRENCY);
    if (Number.isInteger(configured) && configured > 0) {
      return configured;
    }
    return this.turn ? 1 : Math.max(1, (this.app.db.sequelize.config.pool?.max ?? 5) - FREE_CONNECTIONS);
  }

  private ticket(): number {
    this.lastTicket = (this.lastTicket + 1) % 2 ** 32;
    return this.lastTicket;
  }

  private async storeBatch(tickets: number[]): Promise<BatchAnswer> {
    const storage = this.storage as ExecutionStore;
    const events = tickets.map((ticket) => (this.events.get(ticket) as Waiting).event);
    const began = performance.now();
    const store = () => storage.store(events);
    const storing = this.turn ? this.turn.take(store, true) : store();
    const result = await this.track(events, storing);
    this.telemetry.stored(tickets.length, performance.now() - began);
    if (result.status !== 'stored') {
      return result;
    }
    result.as.forEach((as, index) => {
      if (!as.replayed) {
        this.toStart.set(tickets[index], as.executionId);
      }
    });
    this.settle(tickets, (index) => result.as[index]);
    return { status: 'stored', start: result.as.map(({ replayed }) => !replayed) };
  }

  private settle(tickets: number[], outcomeOf: (index: number) => StoredAs | NotStored): void {
    tickets.forEach((ticket, index) => {
      // Gone where the addon has given the event up, and yet it was stored.
      this.events.get(ticket)?.settle(outcomeOf(index));
      this.events.delete(ticket);
    });
  }

  private async start(tickets: number[]): Promise<void> {
    for (const ticket of tickets) {
      const executionId = this.toStart.get(ticket) as string;
      this.toStart.delete(ticket);
      try {
        await this.publish(executionId);
        this.begun?.watch(executionId);
      } catch (error) {
        // The engine's recovery looks for stored executions that never began.
        this.app.logger.error(`webhooks: execution ${executionId} could not be put into the engine's queue`, { error });
      }
    }
  }

  private publish(executionId: string): Promise<void> {
    const publish = () => this.workflow.start(executionId);
    const { turn } = this;
    return turn ? turn.take(() => turn.publish(publish)) : publish();
  }

  private async runNow(event: WebhookEvent, ctx: Context): Promise<AfterTurn> {
    const context = JSON.parse(event.context) as object;
    const startedAt = new Date();
    const timeout = timeoutOf(event.workflow);
    const begun = { startedAt, expiresAt: timeout > 0 ? new Date(startedAt.getTime() + timeout) : null };
    const result = await (this.storage as ExecutionStore).store([{ ...event, begun }]);
    if (result.status !== 'stored') {
      const rejection = this.notStored(event, result);
      return () => rejection;
    }
    const [{ executionId, replayed: before }] = result.as;
    if (before) {
      return async () => replayed(await this.replyOfFirst(executionId, event));
    }
    const slot: ReplySlot = {};
    const values = { id: executionId, workflowId: event.workflow.id, key: event.workflow.key, context };
    const execution = this.app.db
      .getModel('executions')
      .build({ ...values, ...begun, status: EXECUTION_STATUS.STARTED, dispatched: true } as never, {
        isNewRecord: false,
        raw: true,
      }) as ExecutionModel;
    execution.workflow = event.workflow;
    await this.process(execution, event.workflow, { httpContext: ctx, [REPLY_SLOT]: slot });
    this.telemetry.accepted(true);
    const reply =
      slot.reply && execution.status === EXECUTION_STATUS.RESOLVED ? slot.reply : await this.replyOf(execution);
    return () => reply;
  }

  /**
   * Runs an execution that has begun, as the engine's dispatcher does: under the engine's lock and with its time limit. What
   * `plugin.trigger` does before that (an insert, two counters, and a transaction to enter it) the store has done in one
   * statement.
   */
  private async process(execution: ExecutionModel, workflow: WorkflowModel, options: object): Promise<void> {
    const lock = await this.app.lockManager.tryAcquire(getExecutionLockKey(execution.id), ENGINE_LOCK_MS);
    await lock.runExclusive(async () => {
      this.workflow.timeoutManager.scheduleExecutionTimeout(execution);
      try {
        await this.workflow.createProcessor(execution, options).start();
        const { deleteExecutionOnStatus } = (workflow.options ?? {}) as { deleteExecutionOnStatus?: number[] };
        if (execution.status && deleteExecutionOnStatus?.includes(execution.status)) {
          await execution.destroy();
        }
      } catch (error) {
        this.workflow.getLogger(execution.workflowId).error(`execution (${execution.id}) failed`, { error });
      }
    }, ENGINE_LOCK_MS);
  }

  /** The reply to a duplicate of a synchronous event, which may still run. */
  private async replyOfFirst(executionId: string, { workflow }: WebhookEvent): Promise<Reply> {
    let ending = this.endings.get(executionId);
    if (!ending) {
      ending = this.replyOnceEnded(executionId, timeoutOf(workflow) || syncTimeout() || Infinity).finally(() =>
        this.endings.delete(executionId),
      );
      this.endings.set(executionId, ending);
    }
    try {
      return await ending;
    } catch (error) {
      this.workflow
        .getLogger(workflow.id)
        .error('webhook event: the execution of the first could not be read', { error });
      return refuse('notStored');
    }
  }

  private async replyOnceEnded(executionId: string, limit: number): Promise<Reply> {
    const arrived = Date.now();
    for (let pause = LOOK_MS.first; !this.closed; pause = Math.min(2 * pause, LOOK_MS.most)) {
      const execution = await this.find({ id: executionId });
      if (!execution) {
        return refuse('notStored');
      }
      if (!isUnderWay(execution) || (await this.waits(execution))) {
        return this.replyOf(execution);
      }
      if (Date.now() - (execution.startedAt?.getTime() ?? arrived) >= limit) {
        return refuse('timedOut');
      }
      await sleep(pause);
    }
    return refuse('stopping');
  }

  private find(where: { eventKey: string } | { id: string }): Promise<ExecutionModel | null> {
    return this.app.db.getModel('executions').findOne({ where }) as Promise<ExecutionModel | null>;
  }

  // Whether it is suspended on a node that waits for something outside.
  private async waits(execution: ExecutionModel): Promise<boolean> {
    const where = { executionId: execution.id, status: JOB_STATUS.PENDING };
    return (await this.app.db.getModel('jobs').count({ where })) > 0;
  }

  /** The answer to an event that was taken over before: out of the context that was stored then. */
  private async answerAgain(executionId: string, answer: (context: string) => Reply): Promise<Reply> {
    const execution = await this.find({ id: executionId });
    return answer(JSON.stringify(execution?.context ?? {}));
  }

  /** The reply that a synchronous execution comes to as the database has it: the contract's table. */
  private async replyOf(execution: ExecutionModel): Promise<Reply> {
    const { buildReply } = native();
    if (isUnderWay(execution)) {
      return buildReply('{"statusCode":202}');
    }
    if (execution.status !== EXECUTION_STATUS.RESOLVED) {
      return refuse(execution.reason === 'timeout' ? 'timedOut' : 'workflowFailed');
    }
    const nodes = await this.app.db.getModel('flow_nodes').findAll({
      attributes: ['id'],
      where: { workflowId: execution.workflowId, type: RESPONSE_TYPE },
    });
    const job = nodes.length
      ? await this.app.db.getModel('jobs').findOne({
          where: { executionId: execution.id, nodeId: nodes.map(({ id }) => id as string) },
          order: [['id', 'DESC']],
        })
      : null;
    return buildReply(JSON.stringify(storedAnswer(job?.get('result'))));
  }
}

/** A workflow's own time limit in milliseconds; 0 for none. */
function timeoutOf({ options }: WorkflowModel): number {
  const timeout = Number(options?.timeout ?? 0);
  return timeout > 0 ? Math.min(Math.ceil(timeout), MOST_MS) : 0;
}

/** The time limit in milliseconds of a synchronous execution whose workflow has none; 0 for none. */
function syncTimeout(): number {
  const seconds = Number(process.env.WEBHOOK_SYNC_TIMEOUT || SYNC_TIMEOUT);
  return Math.min(1000 * (seconds >= 0 ? seconds : SYNC_TIMEOUT), MOST_MS);
}

function isUnderWay({ status }: ExecutionModel): boolean {
  return status === EXECUTION_STATUS.QUEUEING || status === EXECUTION_STATUS.STARTED;
}

/** A Response node's result, as the answer it was made from. */
function storedAnswer(result: unknown): object {
  const { statusCode, headers, body } = (result ?? {}) as {
    statusCode?: number;
    headers?: [string, string][];
    body?: unknown;
  };
  return { statusCode, headers: headers?.map(([name, value]) => ({ name, value })), body };
}

function replayed(reply: Reply): Reply {
  return { ...reply, headers: [...reply.headers, [REPLAY_HEADER, 'true']] };
}
