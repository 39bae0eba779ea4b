import { TRIGGER_TYPE } from '../../common/names';

interface Workflow {
  type?: string;
  sync?: boolean;
  enabled?: boolean;
  stats?: { executed?: number | string };
}

/** Whether a workflow's caller waits for a response, i.e. whether the workflow is a synchronous webhook. */
export function answersCaller(
  workflow: Workflow | undefined,
  engine?: { isWorkflowSync(workflow: Workflow): boolean },
) {
  return workflow?.type === TRIGGER_TYPE && Boolean(engine?.isWorkflowSync?.(workflow) ?? workflow.sync);
}

/** Whether requests may depend on a workflow's configuration: it is enabled, or one of its versions has been executed. */
export function isInUse(workflow: Workflow | undefined): boolean {
  return Boolean(workflow?.enabled || Number(workflow?.stats?.executed ?? 0) > 0);
}
