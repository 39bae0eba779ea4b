import type { Context } from '@nocobase/actions';
import type PluginWorkflowServer from '@nocobase/plugin-workflow';
import type { Application } from '@nocobase/server';
import type { DispatchCounts, DispatchLimits } from '../../index';
import { FirstExecutions } from './execute/FirstExecutions';
import { SynchronousExecutions } from './execute/SynchronousExecutions';
import { defaultTimeout } from './execute/timeLimits';
import { Turn } from './execute/Turn';
import { type WaitingExecution, WaitingExecutions } from './execute/WaitingExecutions';
import { native, rejection, type Reply } from './native';
import { replyToDuplicate } from './respond/duplicate';
import { EventQueue } from './store/EventQueue';
import type { UndoableEvent, WebhookEvent } from './store/events';
import { ExecutionStore } from './store/ExecutionStore';
import { findExecution } from './store/findExecution';
import { rejectNotStored } from './store/rejectNotStored';
import { UndoableEvents } from './store/UndoableEvents';
import type { Telemetry } from './telemetry';
import { Numbers } from './Tickets';

/** Connections that executions leave free: one for what the engine executes, one for storing and for NocoBase's own API. */
const FREE_CONNECTIONS = 2;

/** How long a stop waits for accepted events. Orchestrators usually kill 30 s after they ask to stop. */
const DRAIN_MS = 10_000;

const LIMITS = {
  batchEvents: 256,
  batchBytes: 4 * 1024 * 1024,
  lingerMs: 2,
  queueEvents: 10_000,
  queueBytes: 64 * 1024 * 1024,
  storeTimeoutMs: 15_000,
  abandoned: 3,
  runQueue: 1_000,
  // Less than a proxy's usual 60 s: the sender has to get the 503 that says that nothing was executed.
  runWaitMs: 50_000,
  startWindowMs: 100,
  startBurstMs: 10_000,
  startQuietMs: 300,
  startWaiting: 50_000,
  claimEvents: 32,
  claimMs: 100,
  claimRestMs: 1_000,
} satisfies Omit<DispatchLimits, 'permits' | 'runTimeoutMs' | 'startShare' | 'slots'>;

/**
 * How many stored events may be executed as they come in each `startWindowMs`: a little more than was measured to be executed, so
 * that nothing waits under a load that can be borne.
 */
const START_SHARE = { sqlite: 15, others: 60 };

type Dispatcher = InstanceType<ReturnType<typeof native>['Dispatcher']>;

/** What is created with the first event. */
interface Working {
  dispatcher: Dispatcher;
  submit: ReturnType<Dispatcher['submitFunction']>;
  store: ExecutionStore;
  queue: EventQueue;
  synchronous: SynchronousExecutions;
  firsts: FirstExecutions;
}

/**
 * Takes accepted events over: an asynchronous one is stored, answered and then executed, a synchronous one is executed and then
 * answered. Never throws for what a database or a workflow does; a rejection is a reply like any other.
 *
 * The addon's dispatcher decides what is next and when. What it calls, storing a batch, starting stored executions and executing a
 * synchronous event, each has a class of its own.
 */
export class AcceptedEvents {
  private readonly turn: Turn | undefined;
  private readonly undoable: UndoableEvents;
  private readonly numbers = new Numbers();
  private readonly waiting: WaitingExecutions;
  private working: Working | undefined;
  private executing = false;
  private closed = false;

  constructor(
    private readonly app: Application,
    private readonly workflow: PluginWorkflowServer,
    private readonly telemetry: Telemetry,
  ) {
    this.turn = app.db.sequelize.getDialect() === 'sqlite' ? new Turn(workflow) : undefined;
    this.undoable = new UndoableEvents(app, workflow);
    this.waiting = new WaitingExecutions(
      app,
      workflow,
      (write) => this.exclusively(write),
      this.numbers,
      (lane, width) => this.working?.dispatcher.setWidth(lane, width),
    );
  }

  /**
   * Stores an asynchronous event.
   *
   * @param respond returns the reply to give once the event is stored, from its context as JSON text
   */
  async store(event: WebhookEvent, respond: (context: string) => Reply): Promise<Reply> {
    const working = this.open();
    if (!working) {
      return rejection('stopping');
    }
    // Before the event is stored: a response that can't be given must not leave an event that the sender will repeat.
    const reply = respond(event.context);
    event.delivery.status = reply.status;
    const rejected = await this.rejectUnstorable(working.store, event);
    if (rejected) {
      return rejected;
    }
    const outcome = await working.queue.add(event, working.submit);
    if (outcome === 'busy') {
      return rejection('busy');
    }
    if (outcome === 'closed') {
      return rejection('stopping');
    }
    if ('kind' in outcome) {
      return rejectNotStored(this.workflow, event, outcome);
    }
    if (outcome.replayed) {
      // From the context that was stored then.
      const first = await findExecution(this.app, { id: outcome.executionId });
      return replyToDuplicate(respond(JSON.stringify(first?.context ?? {})));
    }
    this.telemetry.accepted(false);
    return reply;
  }

  /** Executes a synchronous event and waits for it. */
  async run(event: WebhookEvent, ctx: Context): Promise<Reply> {
    const working = this.open();
    if (!working) {
      return rejection('stopping');
    }
    const rejected = await this.rejectUnstorable(working.store, event);
    return rejected ?? working.synchronous.run(event, ctx, working.dispatcher);
  }

  /** Undoes the side effects of an event unless it gets an execution. See {@link UndoableEvents.undoUnlessStored}. */
  async undoUnlessStored(event: UndoableEvent, undo: () => Promise<void>): Promise<void> {
    await this.undoable.undoUnlessStored(event, undo);
  }

  /** Runs what writes to the database when nothing else of ours does, where the database needs that. */
  exclusively<T>(write: () => Promise<T>, urgent = false): Promise<T> {
    return this.turn ? this.turn.take(write, urgent) : write();
  }

  /** Begins to execute stored events. Until then they are only stored. */
  resume(): void {
    this.executing = true;
    this.working?.dispatcher.resume();
  }

  /** Adds waiting executions that were found in the database, before those that were stored later. */
  addFound(executions: WaitingExecution[]): void {
    const working = executions.length > 0 && this.open();
    if (working) {
      for (const [lane, tickets] of this.waiting.addFound(executions)) {
        working.dispatcher.addFound(lane, tickets);
      }
    }
  }

  /** Returns the ids of the executions of asynchronous events that are claimed and haven't ended. */
  claimedIds(): string[] {
    return this.waiting.claimedIds();
  }

  /** Returns what the dispatcher has done and what it holds; `undefined` before the first event. */
  counts(): DispatchCounts | undefined {
    return this.working?.dispatcher.counts();
  }

  /** Takes no further event, stores what waits to be stored, and waits within a limit for what is being executed. */
  async drain(): Promise<void> {
    this.closed = true;
    const { working } = this;
    if (!working) {
      return;
    }
    const { dispatcher, store, firsts } = working;
    firsts.stop();
    dispatcher.close();
    if (!(await dispatcher.drained(DRAIN_MS))) {
      this.app.logger.warn(`webhooks: stopping with work left after ${DRAIN_MS} ms`, { ...dispatcher.counts() });
    }
    this.working = undefined;
    await store.close();
  }

  /** Returns the rejection of an event that the database will never accept; `undefined` for any other one. */
  private async rejectUnstorable(store: ExecutionStore, event: WebhookEvent): Promise<Reply | undefined> {
    try {
      const reason = await store.whyNotStorable(event.context);
      return reason === undefined ? undefined : rejectNotStored(this.workflow, event, { kind: 'rejected', reason });
    } catch (error) {
      return rejectNotStored(this.workflow, event, { kind: 'unavailable', reason: String(error) });
    }
  }

  // Created when first needed: an app with many plugins and no webhooks starts no queues.
  private open(): Working | undefined {
    if (this.closed) {
      return undefined;
    }
    return (this.working ??= this.start());
  }

  private start(): Working {
    const { app, workflow, turn, undoable, waiting, telemetry } = this;
    const store = new ExecutionStore(app);
    const urgently = <T>(write: () => Promise<T>) => this.exclusively(write, true);
    const toStart = (ticket: number, executionId: string, { workflow: { id, key }, lane }: WebhookEvent) =>
      waiting.addStored(ticket, { id: executionId, workflowId: id, key, lane });
    const queue = new EventQueue(store, urgently, undoable, telemetry, toStart, this.numbers);
    const firsts = new FirstExecutions(app, workflow);
    const exclusively = <T>(write: () => Promise<T>) => this.exclusively(write);
    const synchronous = new SynchronousExecutions(app, workflow, store, exclusively, undoable, firsts, telemetry);
    const limits = {
      ...LIMITS,
      permits: this.executions('WEBHOOK_SYNC_CONCURRENCY'),
      slots: this.executions('WEBHOOK_RUN_CONCURRENCY'),
      runTimeoutMs: defaultTimeout(),
      startShare: turn ? START_SHARE.sqlite : START_SHARE.others,
    };
    const dispatcher = new (native().Dispatcher)(
      limits,
      (tickets) => queue.storeBatch(tickets),
      (tickets, outcome) => queue.settle(tickets, outcome),
      async (ticket) => (await synchronous.runTicket(ticket)) as undefined,
      (tickets) => waiting.claim(tickets),
      async (ticket) => (await waiting.execute(ticket)) as undefined,
      async (tickets) => (await waiting.release(tickets)) as undefined,
    );
    if (this.executing) {
      dispatcher.resume();
    }
    return { dispatcher, submit: dispatcher.submitFunction(), store, queue, synchronous, firsts };
  }

  // Executions at a time: as many as the variable says, else as the database can bear. SQLite has one writer, the others have a pool of
  // connections, which isn't ours alone.
  private executions(variable: string): number {
    const configured = Number(process.env[variable]);
    if (Number.isInteger(configured) && configured > 0) {
      return configured;
    }
    return this.turn ? 1 : Math.max(1, (this.app.db.sequelize.config.pool?.max ?? 5) - FREE_CONNECTIONS);
  }
}
