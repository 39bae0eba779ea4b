import { TRIGGER_TYPE } from '../../common/names';

interface Workflow {
  type?: string;
  sync?: boolean;
}

/** Whether a workflow's caller waits for a response, i.e. whether the workflow is a synchronous webhook. */
export function answersCaller(
  workflow: Workflow | undefined,
  engine?: { isWorkflowSync(workflow: Workflow): boolean },
) {
  return workflow?.type === TRIGGER_TYPE && Boolean(engine?.isWorkflowSync?.(workflow) ?? workflow.sync);
}
