import { EXECUTION_STATUS, type ExecutionModel, JOB_STATUS, type WorkflowModel } from '@nocobase/plugin-workflow';
import type { Application } from '@nocobase/server';
import { RESPONSE_TYPE } from '../../common/names';
import { failsOnCrash } from '../execute/onCrash';
import { native, rejection, type Reply } from '../native';

/** Whether an execution hasn't ended. */
export function isUnderWay({ status }: ExecutionModel): boolean {
  return status === EXECUTION_STATUS.QUEUEING || status === EXECUTION_STATUS.STARTED;
}

/** Whether an execution is suspended on a node that waits for something outside. */
export async function isSuspended(app: Application, execution: ExecutionModel): Promise<boolean> {
  const where = { executionId: execution.id, status: JOB_STATUS.PENDING };
  return (await app.db.getModel('jobs').count({ where })) > 0;
}

/**
 * Returns the reply to a synchronous request, as its execution is in the database: what a Response node decided, else 200 where it
 * was resolved, 500 where it failed, 408 where it timed out, and 202 where it is suspended.
 */
export async function replyOfExecution(app: Application, execution: ExecutionModel): Promise<Reply> {
  const { buildReply } = native();
  if (isUnderWay(execution)) {
    return buildReply('{"statusCode":202}');
  }
  if (execution.status !== EXECUTION_STATUS.RESOLVED) {
    return rejection(execution.reason === 'timeout' ? 'timedOut' : 'workflowFailed');
  }
  const nodes = await app.db.getModel('flow_nodes').findAll({
    attributes: ['id'],
    where: { workflowId: execution.workflowId, type: RESPONSE_TYPE },
  });
  const job = nodes.length
    ? await app.db.getModel('jobs').findOne({
        where: { executionId: execution.id, nodeId: nodes.map(({ id }) => id as string) },
        order: [['id', 'DESC']],
      })
    : null;
  return buildReply(JSON.stringify(responseOf(job?.get('result'))));
}

/**
 * Returns the reply to a synchronous request whose execution the engine could not run to its end. Recovery ends it as after a crash:
 * it restarts (202), or ends as failed (500) if the workflow is configured so.
 */
export function replyToInterrupted(workflow: WorkflowModel): Reply {
  return failsOnCrash(workflow) ? rejection('workflowFailed') : native().buildReply('{"statusCode":202}');
}

/** Returns the response that a Response node's stored result was built from. */
function responseOf(result: unknown): object {
  const { statusCode, headers, body } = (result ?? {}) as {
    statusCode?: number;
    headers?: [string, string][];
    body?: unknown;
  };
  return { statusCode, headers: headers?.map(([name, value]) => ({ name, value })), body };
}
