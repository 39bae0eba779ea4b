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
import { WAITING } from '../store/waiting';
import type { Endpoints } from '../endpoints/Endpoints';
import { lanesOf } from './lanes';
import { failsOnCrash, INTERRUPTED } from './onCrash';
import type { WaitingExecution } from './WaitingExecutions';

/** How often the engine itself looks for executions that never began. */
const EVERY_MS = 5 * 60_000;

/** Slightly more than the minute for which the engine's lock outlives the node that held it. */
const LOCK_MS = 65_000;

/** More than the milliseconds that an engine needs between entering an execution and registering it as running. */
const SETTLE_MS = 2_000;

/** How long the other nodes have to say what they are executing. */
const ROLL_CALL_MS = 2_000;

const PAGE = 100;

/** The least age of a waiting execution that is taken over from a node that may be about to run it. */
const GRACE_MS = 60_000;

/** How long executing waits at the start for what is older than the events to come. */
const FIRST_LOOK_MS = 15_000;

/** An execution that nobody has begun; the engine and version 0.1 store such ones too. */
const NEVER_BEGUN = { status: EXECUTION_STATUS.QUEUEING, startedAt: null };

/** An execution that runs, waits for something, or was cut off. */
const BEGUN = { status: EXECUTION_STATUS.STARTED, startedAt: { [Op.ne]: null } };

/** The channel in which nodes ask each other what they are executing. */
const CHANNEL = 'webhook.running';

type RollCall = { ask: string } | { answer: string; running: string[] };

/** Where waiting executions are run. */
export interface Runner {
  /** Adds waiting executions that were found in the database, before those that were stored later. */
  addFound(executions: WaitingExecution[]): void;
  /** Begins to run waiting executions. */
  resume(): void;
  /** Returns the ids of the executions that this process has claimed and not finished. */
  claimedIds(): string[];
}

/**
 * Finds the executions of webhook workflows that nobody runs because a process has died: those that wait, whether or not their
 * version of the workflow is still enabled, and those that were interrupted.
 *
 * One that was interrupted is started, has no job that waits for something, and runs on no node that is alive: not on this one, not
 * on one that answers a roll call over NocoBase's pub-sub, and nobody holds the engine's lock on it. Looks on start and every five
 * minutes, on one node at a time.
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
   */
  constructor(
    private readonly app: Application,
    private readonly workflow: PluginWorkflowServer,
    private readonly exclusively: <T>(body: () => Promise<T>) => Promise<T>,
    private readonly runner: Runner,
    private readonly endpoints: Endpoints,
  ) {}

  /** Starts looking. */
  async start(): Promise<void> {
    this.stopped = false;
    await this.app.pubSubManager.subscribe(CHANNEL, this.onRollCall, { debounce: 0 });
    this.timer = setInterval(() => this.scan(), EVERY_MS);
    this.timer.unref();
    if (this.workflow.serving()) {
      // Not awaited: the app serves requests meanwhile.
      void this.lookAndResume();
    }
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

  // What was interrupted, and what waits, comes before what is stored from now on.
  private async lookAndResume(): Promise<void> {
    this.scan(0);
    await Promise.race([this.scanning, sleep(FIRST_LOOK_MS, undefined, { ref: false })]);
    if (!this.stopped) {
      this.runner.resume();
    }
  }

  /** Looks once; one look at a time. */
  private scan(grace = GRACE_MS): void {
    this.scanning ??= this.lookExclusively(grace)
      .catch((error: unknown) => {
        this.app.logger.error('webhooks: looking for executions that a crash interrupted failed', { error });
      })
      .finally(() => (this.scanning = undefined));
  }

  private async lookExclusively(grace: number): Promise<void> {
    // A node that only accepts requests leaves executing to others, as the engine does.
    if (!this.workflow.serving()) {
      return;
    }
    const lock = await this.lock(`webhook:recover:${this.app.name}`);
    if (lock) {
      await lock.runExclusive(() => this.look(grace), EVERY_MS);
    }
  }

  private async look(grace: number): Promise<void> {
    const workflows = (await this.app.db.getModel('workflows').findAll({
      attributes: ['id', 'key', 'type', 'sync', 'options', 'config'],
      where: { type: TRIGGER_TYPE },
    })) as WorkflowModel[];
    const byId = new Map(workflows.map((workflow) => [String(workflow.id), workflow]));
    for await (const page of this.pages(byId, BEGUN)) {
      await this.end(page, byId);
    }
    // Afterwards: what was interrupted and restarts is among them, and comes first.
    const found = new Map<string, string[]>();
    const old = grace > 0 ? { createdAt: { [Op.lt]: new Date(Date.now() - grace) } } : {};
    for await (const page of this.pages(byId, { ...NEVER_BEGUN, ...old })) {
      for (const { id, workflowId } of page) {
        const ids = found.get(String(workflowId)) ?? [];
        found.set(String(workflowId), ids);
        ids.push(String(id));
      }
    }
    this.runner.addFound(await this.inOrder(found, byId));
  }

  /** Waiting executions, given by the version of their workflow, with their lanes and oldest first. */
  private async inOrder(found: Map<string, string[]>, byId: Map<string, WorkflowModel>): Promise<WaitingExecution[]> {
    const waiting: WaitingExecution[] = [];
    for (const [workflowId, ids] of found) {
      const workflow = byId.get(workflowId) as WorkflowModel;
      const laneOf = await lanesOf(this.app, this.endpoints, workflow, ids);
      for (const id of ids) {
        waiting.push({ id, workflowId: workflow.id, key: workflow.key, lane: laneOf(id) });
      }
    }
    return waiting.sort((a, b) => Number(BigInt(a.id) - BigInt(b.id)));
  }

  /** The executions of some workflows that are as `where` says. */
  private async *pages(workflows: Map<string, WorkflowModel>, where: object): AsyncGenerator<ExecutionModel[]> {
    for (let after = '0'; workflows.size > 0 && !this.stopped;) {
      const page = (await this.app.db.getModel('executions').findAll({
        attributes: ['id', 'workflowId', 'startedAt'],
        where: { ...where, workflowId: [...workflows.keys()], id: { [Op.gt]: after } },
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

  private async end(executions: ExecutionModel[], byId: Map<string, WorkflowModel>): Promise<void> {
    // Most wait for a person or a time.
    if ((await this.interrupted(executions)).executions.length === 0) {
      return;
    }
    await sleep(SETTLE_MS);
    const { executions: candidates, lastJobs } = await this.interrupted(executions);
    const running = candidates.length ? await this.running() : new Set();
    for (const execution of candidates) {
      const id = String(execution.id);
      if (this.stopped) {
        return;
      }
      if (!running.has(id) && !this.resumed.has(id)) {
        await this.endOne(execution, byId.get(String(execution.workflowId)) as WorkflowModel, lastJobs.get(id));
      }
    }
  }

  /** Returns the executions without a job that waits for something, and the last job of each execution. */
  private async interrupted(
    executions: ExecutionModel[],
  ): Promise<{ executions: ExecutionModel[]; lastJobs: Map<string, string> }> {
    const jobs = (await this.app.db.getModel('jobs').findAll({
      attributes: ['id', 'executionId', 'status'],
      where: { executionId: executions.map(({ id }) => id) },
      order: [['id', 'ASC']],
    })) as JobModel[];
    const waiting = new Set(
      jobs.filter(({ status }) => status === JOB_STATUS.PENDING).map((job) => String(job.executionId)),
    );
    return {
      executions: executions.filter(({ id }) => !waiting.has(String(id))),
      lastJobs: new Map(jobs.map((job) => [String(job.executionId), String(job.id)])),
    };
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
      if (failsOnCrash(workflow)) {
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
      // Back to its state before it began: then it begins once, even if other nodes do the same, and is found again if this
      // process dies too.
      if (await this.change(execution, { ...WAITING, expiresAt: null })) {
        this.warn(log, `execution (${execution.id}) was interrupted by a crash and restarts from its beginning`);
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
    const running = new Set([...this.runningHere(), ...queuedExecutions(this.app)]);
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

  private runningHere(): string[] {
    return [...runningExecutions(this.workflow), ...this.runner.claimedIds()];
  }

  private readonly onRollCall = async (message: RollCall): Promise<void> => {
    if ('ask' in message) {
      const answer: RollCall = { answer: message.ask, running: this.runningHere() };
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
