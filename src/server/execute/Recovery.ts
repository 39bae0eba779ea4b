import { Op } from '@nocobase/database';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomUUID } from 'node:crypto';
import {
  EXECUTION_STATUS,
  type ExecutionModel,
  getExecutionLockKey,
  JOB_STATUS,
  type JobModel,
  type WorkflowModel,
} from '@nocobase/plugin-workflow';
import type PluginWorkflowServer from '@nocobase/plugin-workflow';
import type { Application } from '@nocobase/server';
import { TRIGGER_TYPE } from '../../common/names';
import { runningExecutions } from '../nocobase/engine';
import { queuedExecutions } from '../nocobase/eventQueue';

/**
 * What happens to an execution that a crash interrupted: the option `onCrash` of a workflow's `options`. Anything other than
 * `fail` is `rerun`.
 *
 * - `rerun`: it restarts from the beginning, so its nodes may run twice.
 * - `fail`: it ends as failed, with the reason `interrupted`.
 */
export type OnCrash = 'rerun' | 'fail';

/** Reason of an execution that ended because of a crash. */
export const INTERRUPTED = 'interrupted';

/** How often the engine itself looks for executions that never began. */
const EVERY_MS = 5 * 60_000;

/** Slightly more than the minute for which the engine's lock outlives the node that held it. */
const LOCK_MS = 65_000;

/** More than the milliseconds that an engine needs between entering an execution and registering it as running. */
const SETTLE_MS = 2_000;

/** How long the other nodes have to say what they are executing. */
const ROLL_CALL_MS = 2_000;

const PAGE = 100;

/** The most waiting executions that are watched, oldest first. */
const MOST_WATCHED = 10_000;

/** An execution as it is stored, until it begins. */
const NEVER_BEGUN = { status: EXECUTION_STATUS.QUEUEING, dispatched: false, startedAt: null };

/** An execution that runs, waits for something, or was cut off. */
const BEGUN = { status: EXECUTION_STATUS.STARTED, startedAt: { [Op.ne]: null } };

/** The channel in which nodes ask each other what they are executing. */
const CHANNEL = 'webhook.running';

type RollCall = { ask: string } | { answer: string; running: string[] };

/**
 * Finds the executions of webhook workflows that will never continue because the process that executed them has died.
 *
 * The engine picks up what never began, but only while its version of the workflow is enabled, and leaves what had begun "on
 * going" for ever. Such an execution is started, has no job that waits for something, and runs on no node that is alive: not
 * on this one, not on one that answers a roll call over NocoBase's pub-sub, and nobody holds the engine's lock on it. Looks on
 * start and every five minutes, on one node at a time.
 */
export class Recovery {
  private timer: NodeJS.Timeout | undefined;
  private soon: NodeJS.Timeout | undefined;
  private scanning: Promise<void> | undefined;
  private stopped = true;
  private readonly calls = new Map<string, Set<string>>();
  /** Executions that were put into the engine's queue to continue; they may still wait there at the next look. */
  private readonly resumed = new Set<string>();

  /**
   * @param exclusively runs what writes to the database when nothing else of ours does
   * @param watchStart makes sure that an execution begins, where another transaction may be in the way
   */
  constructor(
    private readonly app: Application,
    private readonly workflow: PluginWorkflowServer,
    private readonly exclusively: <T>(body: () => Promise<T>) => Promise<T>,
    private readonly watchStart: (executionId: string) => void,
  ) {}

  /** Starts looking. */
  async start(): Promise<void> {
    this.stopped = false;
    await this.app.pubSubManager.subscribe(CHANNEL, this.onRollCall, { debounce: 0 });
    this.timer = setInterval(() => this.scan(), EVERY_MS);
    this.timer.unref();
    // Not awaited: the app serves requests meanwhile.
    this.scan();
  }

  /** Stops looking, and waits for a look that is under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    clearTimeout(this.soon);
    this.soon = undefined;
    await this.app.pubSubManager.unsubscribe(CHANNEL, this.onRollCall);
    await this.scanning;
  }

  /** Looks once; one look at a time. */
  scan(): void {
    this.scanning ??= this.lookExclusively()
      .catch((error: unknown) => {
        this.app.logger.error('webhooks: looking for executions that a crash interrupted failed', { error });
      })
      .finally(() => (this.scanning = undefined));
  }

  private async lookExclusively(): Promise<void> {
    // A node that only accepts requests leaves executing to others, as the engine does.
    if (!this.workflow.serving()) {
      return;
    }
    const lock = await this.lock(`webhook:recover:${this.app.name}`);
    if (lock) {
      await lock.runExclusive(() => this.look(), EVERY_MS);
    }
  }

  private async look(): Promise<void> {
    const workflows = (await this.app.db.getModel('workflows').findAll({
      attributes: ['id', 'key', 'options', 'enabled'],
      where: { type: TRIGGER_TYPE },
    })) as WorkflowModel[];
    const byId = new Map(workflows.map((workflow) => [String(workflow.id), workflow]));
    const disabled = workflows.filter(({ enabled }) => !enabled).map(({ id }) => String(id));
    for await (const page of this.pages(disabled, NEVER_BEGUN)) {
      await this.begin(page);
    }
    await this.watchStarts([...byId.keys()]);
    for await (const page of this.pages([...byId.keys()], BEGUN)) {
      await this.end(page, byId);
    }
  }

  /** The executions of some workflows that are as `where` says. */
  private async *pages(workflowIds: string[], where: object): AsyncGenerator<ExecutionModel[]> {
    for (let after = '0'; workflowIds.length > 0 && !this.stopped;) {
      const page = (await this.app.db.getModel('executions').findAll({
        attributes: ['id', 'workflowId', 'startedAt'],
        where: { ...where, workflowId: workflowIds, id: { [Op.gt]: after } },
        order: [['id', 'ASC']],
        limit: PAGE,
      })) as ExecutionModel[];
      if (page.length === 0) {
        return;
      }
      after = String(page[page.length - 1].id);
      yield page;
    }
  }

  /**
   * Puts executions that never began into the engine's queue, with the version of the workflow that they were stored for. Entering
   * is a conditional update, so each begins once, whether or not it is in another node's queue too.
   */
  private async begin(executions: ExecutionModel[]): Promise<void> {
    const queued = new Set(queuedExecutions(this.app));
    for (const { id } of executions) {
      if (!this.stopped && !queued.has(String(id))) {
        await this.workflow.start(String(id));
      }
    }
  }

  // The engine puts what it finds on start into its queue by itself. On SQLite, it leaves an execution that it could not enter at once.
  private async watchStarts(workflowIds: string[]): Promise<void> {
    if (this.app.db.sequelize.getDialect() !== 'sqlite') {
      return;
    }
    let watched = 0;
    for await (const page of this.pages(workflowIds, NEVER_BEGUN)) {
      page.forEach(({ id }) => this.watchStart(String(id)));
      watched += page.length;
      if (watched >= MOST_WATCHED) {
        return;
      }
    }
  }

  private async end(executions: ExecutionModel[], byId: Map<string, WorkflowModel>): Promise<void> {
    await sleep(SETTLE_MS);
    const jobs = (await this.app.db.getModel('jobs').findAll({
      attributes: ['id', 'executionId', 'status'],
      where: { executionId: executions.map(({ id }) => id) },
      order: [['id', 'ASC']],
    })) as JobModel[];
    const waiting = new Set(
      jobs.filter(({ status }) => status === JOB_STATUS.PENDING).map((job) => String(job.executionId)),
    );
    const last = new Map(jobs.map((job) => [String(job.executionId), String(job.id)]));
    const candidates = executions.filter(({ id }) => !waiting.has(String(id)));
    const running = candidates.length ? await this.running() : new Set();
    for (const execution of candidates) {
      const id = String(execution.id);
      if (this.stopped) {
        return;
      }
      if (!running.has(id) && !this.resumed.has(id)) {
        await this.endOne(execution, byId.get(String(execution.workflowId)) as WorkflowModel, last.get(id));
      }
    }
  }

  private async endOne(execution: ExecutionModel, workflow: WorkflowModel, lastJob: string | undefined): Promise<void> {
    const lock = await this.lock(getExecutionLockKey(execution.id));
    if (!lock) {
      // Held by a node that doesn't respond, or by one that has just died.
      this.soon ??= setTimeout(() => {
        this.soon = undefined;
        this.scan();
      }, LOCK_MS).unref();
      return;
    }
    const log = this.workflow.getLogger(workflow.id);
    try {
      if ((workflow.options as { onCrash?: OnCrash } | null)?.onCrash === 'fail') {
        if (await this.change(execution, { status: EXECUTION_STATUS.FAILED, reason: INTERRUPTED })) {
          this.warn(
            log,
            `execution (${execution.id}) was interrupted by a crash and ends as failed, as its workflow is configured`,
          );
        }
        return;
      }
      const job = lastJob ? await this.resumable(lastJob) : null;
      if (job) {
        // A step that waited for a person or a time has ended: what came after it runs again, the step doesn't.
        this.resumed.add(String(execution.id));
        this.warn(
          log,
          `execution (${execution.id}) was interrupted by a crash and continues after the node that it waited on last`,
        );
        await this.workflow.resume(job);
        return;
      }
      const queueing = { ...NEVER_BEGUN, expiresAt: null };
      // Back to its state before it began: then it begins once, even if other nodes do the same, and is found again if this
      // process dies too.
      if (await this.change(execution, queueing)) {
        this.warn(log, `execution (${execution.id}) was interrupted by a crash and restarts from its beginning`);
        await this.workflow.start(String(execution.id));
        this.watchStart(String(execution.id));
      }
    } finally {
      await lock.release();
    }
  }

  private warn(log: { warn(message: string): void }, message: string): void {
    log.warn(message);
    // The workflow's own log is a file among many; after a crash, people look here.
    this.app.logger.warn(`webhooks: ${message}`);
  }

  /** Changes an execution if it is still as it was found. */
  private async change(execution: ExecutionModel, values: object): Promise<boolean> {
    const where = { id: execution.id, status: EXECUTION_STATUS.STARTED, startedAt: execution.startedAt };
    const [changed] = await this.exclusively(() =>
      this.app.db.getModel('executions').update(values, { where, individualHooks: true }),
    );
    return changed > 0;
  }

  /** Returns a job if the engine can continue from it, because its node is of a type that waits. */
  private async resumable(jobId: string): Promise<JobModel | null> {
    const job = (await this.app.db.getModel('jobs').findOne({ where: { id: jobId } })) as JobModel | null;
    const node = job && (await this.app.db.getModel('flow_nodes').findOne({ where: { id: job.nodeId } }));
    const instruction = node && this.workflow.instructions.get(node.get('type') as string);
    return typeof instruction?.resume === 'function' ? job : null;
  }

  /** Returns what all living nodes are executing, and what waits in this node's queue. */
  private async running(): Promise<Set<string>> {
    const running = new Set([...runningExecutions(this.workflow), ...queuedExecutions(this.app)]);
    if (!(await this.app.pubSubManager.isConnected())) {
      return running;
    }
    const ask = randomUUID();
    this.calls.set(ask, running);
    await this.app.pubSubManager.publish(CHANNEL, { ask } satisfies RollCall, { skipSelf: true });
    await sleep(ROLL_CALL_MS);
    this.calls.delete(ask);
    return running;
  }

  private readonly onRollCall = async (message: RollCall): Promise<void> => {
    if ('ask' in message) {
      const answer: RollCall = { answer: message.ask, running: runningExecutions(this.workflow) };
      await this.app.pubSubManager.publish(CHANNEL, answer, { skipSelf: true });
    } else {
      message.running.forEach((id) => this.calls.get(message.answer)?.add(id));
    }
  };

  private async lock(key: string): Promise<Awaited<ReturnType<Application['lockManager']['tryAcquire']>> | null> {
    // Its holder is alive.
    return this.app.lockManager.tryAcquire(key).catch(() => null);
  }
}
