import type PluginWorkflowServer from '@nocobase/plugin-workflow';
import type { WorkflowModel } from '@nocobase/plugin-workflow';
import type { Application } from '@nocobase/server';
import type { ClaimOutcome } from '../../../index';
import { execute } from '../nocobase/engine';
import { type Claimed, ExecutionClaims } from '../store/ExecutionClaims';
import { type Numbers, Tickets } from '../Tickets';
import type { Lane } from './lanes';
import { failsOnCrash } from './onCrash';
import { timeoutOf } from './timeLimits';

/** An execution that waits to be run. */
export interface WaitingExecution {
  id: string;
  /** The version of the workflow that its event was stored for. */
  workflowId: WorkflowModel['id'];
  /** The key of the workflow. */
  key: string;
  lane: Lane;
}

interface Waiting extends WaitingExecution {
  /** Whether its event has just been stored, so that no node has run for it. */
  fresh: boolean;
  claimed?: Claimed;
}

/**
 * Runs the executions of asynchronous events. The addon decides which is next, this claims and runs it.
 *
 * An execution is claimed in the database, together with others of its webhook, and then run by the engine's own processor. One of a
 * workflow with a time limit, or with `onCrash: 'fail'`, is claimed by itself when its turn has come: its time counts from there,
 * and after a crash, started means that it has begun.
 */
export class WaitingExecutions {
  private readonly waiting: Tickets<Waiting>;
  private readonly claims: ExecutionClaims;
  /** The ids of all that wait here or run. */
  private readonly known = new Set<string>();
  private readonly claimed = new Set<string>();
  /** Whether the last claim failed, which is logged once until one succeeds. */
  private failing = false;
  private readonly lanes = new Map<string, Lane>();

  /**
   * @param exclusively runs what writes to the database when nothing else of ours does
   * @param setWidth tells the addon how many executions of a lane run at a time, where that isn't one
   */
  constructor(
    private readonly app: Application,
    private readonly workflow: PluginWorkflowServer,
    private readonly exclusively: <T>(write: () => Promise<T>) => Promise<T>,
    numbers: Numbers,
    private readonly setWidth: (lane: number, width: number) => void,
  ) {
    this.waiting = new Tickets(numbers);
    this.claims = new ExecutionClaims(app.db);
  }

  /** Adds the execution of an event that was stored under this ticket. Returns its lane; 0 if it isn't run here. */
  addStored(ticket: number, execution: WaitingExecution): number {
    if (!this.workflow.serving()) {
      this.publish(execution.id);
      return 0;
    }
    if (this.known.has(execution.id)) {
      // The recovery has found it meanwhile.
      return 0;
    }
    this.known.add(execution.id);
    this.waiting.set(ticket, { ...execution, fresh: true });
    return this.laneNumber(execution);
  }

  /** Adds executions that were found in the database. Returns the tickets of those that aren't known yet, by lane and in their order. */
  addFound(executions: WaitingExecution[]): Map<number, number[]> {
    const added = new Map<number, number[]>();
    for (const execution of executions) {
      if (!this.known.has(execution.id)) {
        this.known.add(execution.id);
        const lane = this.laneNumber(execution);
        const tickets = added.get(lane) ?? [];
        added.set(lane, tickets);
        tickets.push(this.waiting.add({ ...execution, fresh: false }));
      }
    }
    return added;
  }

  /** Claims executions of one lane: the first ones that may be claimed together. Fails if the database does. */
  async claim(tickets: number[]): Promise<ClaimOutcome> {
    const together: number[] = [];
    let tried = 0;
    let timeout = 0;
    for (const ticket of tickets) {
      const waiting = this.waiting.get(ticket) as Waiting;
      const workflow = await this.workflowOf(waiting);
      const alone = workflow !== null && (timeoutOf(workflow) > 0 || failsOnCrash(workflow));
      if (alone && tried > 0) {
        break;
      }
      tried += 1;
      if (workflow) {
        together.push(ticket);
      } else {
        this.forget(ticket, waiting.id);
      }
      if (alone) {
        timeout = timeoutOf(workflow);
        break;
      }
    }
    return { tried, claimed: together.length > 0 ? await this.claimTogether(together, timeout) : [] };
  }

  /** Runs a claimed execution to its end, or to a node that waits. Never throws. */
  async execute(ticket: number): Promise<void> {
    const { id, workflowId, fresh, claimed } = this.waiting.take(ticket) as Waiting & { claimed: Claimed };
    try {
      const workflow = await this.workflowOf({ workflowId });
      if (workflow) {
        await this.exclusively(() => execute(this.app, this.workflow, workflow, claimed, { fresh }));
      }
    } catch (error) {
      this.workflow.getLogger(workflowId).error(`execution (${id}) was interrupted`, { error });
    } finally {
      this.claimed.delete(id);
      this.known.delete(id);
    }
  }

  /** Lets claimed executions wait again that haven't begun. Never throws: the recovery finds what stays claimed. */
  async release(tickets: number[]): Promise<void> {
    const waiting = tickets.map((ticket) => this.waiting.get(ticket) as Waiting);
    const claimed = waiting.flatMap((one) => one.claimed ?? []);
    for (const one of waiting) {
      one.claimed = undefined;
      this.claimed.delete(one.id);
    }
    try {
      if (claimed.length > 0) {
        await this.exclusively(() => this.claims.release(claimed));
      }
    } catch (error) {
      this.app.logger.error('webhooks: claimed executions could not be released', { error });
    }
  }

  /** Returns the ids of the executions that this process has claimed and not finished. */
  claimedIds(): string[] {
    return [...this.claimed];
  }

  private async claimTogether(tickets: number[], timeout: number): Promise<number[]> {
    const byId = new Map(tickets.map((ticket) => [(this.waiting.get(ticket) as Waiting).id, ticket]));
    const claimed = await this.claimIds([...byId.keys()], timeout);
    for (const one of claimed) {
      (this.waiting.get(byId.get(one.id) as number) as Waiting).claimed = one;
      this.claimed.add(one.id);
    }
    return tickets.filter((ticket) => {
      const { id, claimed: mine } = this.waiting.get(ticket) as Waiting;
      if (!mine) {
        this.forget(ticket, id);
      }
      return mine;
    });
  }

  private async claimIds(ids: string[], timeout: number): Promise<Claimed[]> {
    try {
      const claimed = await this.exclusively(() => this.claims.claim(ids, timeout));
      this.failing = false;
      return claimed;
    } catch (error) {
      if (!this.failing) {
        this.failing = true;
        this.app.logger.error('webhooks: waiting executions could not be claimed; they are tried again', { error });
      }
      throw error;
    }
  }

  private forget(ticket: number, id: string): void {
    this.waiting.take(ticket);
    this.known.delete(id);
  }

  // The version that the event was stored for, enabled or not.
  private async workflowOf({ workflowId }: Pick<Waiting, 'workflowId'>): Promise<WorkflowModel | null> {
    return (
      this.workflow.enabledCache.get(workflowId) ??
      ((await this.app.db.getRepository('workflows').findOne({ filterByTk: workflowId })) as WorkflowModel | null)
    );
  }

  // Under which number the addon has a lane of a workflow.
  private laneNumber({ key, lane: { number, width } }: WaitingExecution): number {
    const name = `${key}/${number}`;
    const known = this.lanes.get(name) ?? { number: this.lanes.size + 1, width: 1 };
    if (known.width !== width) {
      known.width = width;
      this.setWidth(known.number, width);
    }
    this.lanes.set(name, known);
    return known.number;
  }

  // This node only accepts requests. The engine of another one takes the execution from the engine's queue.
  private publish(executionId: string): void {
    this.workflow.start(executionId).catch((error: unknown) => {
      this.app.logger.error(`webhooks: execution ${executionId} could not be put into the engine's queue`, { error });
    });
  }
}
