import {
  EXECUTION_STATUS,
  type ExecutionModel,
  getExecutionLockKey,
  type Processor,
  type WorkflowModel,
} from '@nocobase/plugin-workflow';
import type PluginWorkflowServer from '@nocobase/plugin-workflow';
import type { Application } from '@nocobase/server';

/** How long the engine's lock on an execution outlives its process. */
const ENGINE_LOCK_MS = 60_000;

/**
 * Returns what the engine's queue is executing at this moment, if anything.
 *
 * Reads the private `dispatcher.executing`. Verified with NocoBase 2.2.15. Fallback: where it doesn't exist, nothing is waited
 * for; on SQLite an execution then may wait for the engine's own recovery.
 */
export function executingNow(workflow: PluginWorkflowServer): Promise<void> | null | undefined {
  const dispatcher = Reflect.get(workflow, 'dispatcher') as { executing?: Promise<void> | null } | undefined;
  return dispatcher?.executing;
}

/**
 * Returns the ids of all executions that this process is executing.
 *
 * Reads the private map of `runningExecutionRegistry`. Verified with NocoBase 2.2.15. Fallback: throws where it doesn't exist, so
 * that recovery ends nothing rather than what still runs.
 */
export function runningExecutions({ runningExecutionRegistry }: PluginWorkflowServer): string[] {
  const executions: unknown = Reflect.get(runningExecutionRegistry, 'executions');
  if (!(executions instanceof Map)) {
    throw new Error("expected a map in NocoBase's registry of running executions, but found none");
  }
  return [...executions.keys()].map(String);
}

/**
 * Keeps a processor from reading the results of nodes that ran before, where none did: two queries.
 *
 * Replaces `prepare` and calls the private `makeNodes`. Verified with NocoBase 2.2.15. Fallback: the processor reads.
 */
function withoutResults(processor: Processor, execution: ExecutionModel): void {
  const makeNodes: unknown = Reflect.get(processor, 'makeNodes');
  if (typeof makeNodes !== 'function') {
    return;
  }
  processor.prepare = async () => {
    const { workflow } = execution as { workflow: WorkflowModel };
    workflow.nodes ??= await workflow.getNodes();
    makeNodes.call(processor, workflow.nodes);
    execution.jobs = [];
  };
}

/**
 * Executes a stored execution that has begun, to its end or to a node that waits: under the engine's lock and with its time limit.
 *
 * Does what the engine's private dispatcher does. What `plugin.trigger` does before that (an insert, two counters, and a
 * transaction to enter it) the store has done in one statement. Verified with NocoBase 2.2.15. Fallback: where a part is
 * missing, it throws, and recovery finds the execution later.
 *
 * @param options `fresh` says that no node has run for it before; the others are the processor's
 * @throws if the execution could not begin or could not be stored as it ended; a node that fails doesn't throw
 */
export async function execute(
  app: Application,
  plugin: PluginWorkflowServer,
  workflow: WorkflowModel,
  values: { id: string; context: object; startedAt: Date; expiresAt: Date | null },
  { fresh, ...options }: { fresh: boolean } & Record<string | symbol, unknown>,
): Promise<ExecutionModel> {
  const execution = app.db.getModel('executions').build(
    {
      ...values,
      workflowId: workflow.id,
      key: workflow.key,
      status: EXECUTION_STATUS.STARTED,
      dispatched: true,
    } as never,
    { isNewRecord: false, raw: true },
  ) as ExecutionModel;
  execution.workflow = workflow;
  const lock = await app.lockManager.tryAcquire(getExecutionLockKey(execution.id), ENGINE_LOCK_MS);
  await lock.runExclusive(async () => {
    plugin.timeoutManager.scheduleExecutionTimeout(execution);
    const processor = plugin.createProcessor(execution, options);
    if (fresh) {
      withoutResults(processor, execution);
    }
    await processor.start();
    const { deleteExecutionOnStatus } = (workflow.options ?? {}) as { deleteExecutionOnStatus?: number[] };
    if (execution.status && deleteExecutionOnStatus?.includes(execution.status)) {
      await execution.destroy().catch((error: unknown) => {
        plugin.getLogger(execution.workflowId).error(`execution (${execution.id}) could not be deleted`, { error });
      });
    }
  }, ENGINE_LOCK_MS);
  return execution;
}
