import { SendOutlined } from '@ant-design/icons';
import { Instruction, type NodeAvailableContext } from '@nocobase/plugin-workflow/client-v2';
import type { ResponseConfig } from '../common/config';
import { RESPONSE_TYPE, TRIGGER_TYPE } from '../common/names';
import { tExpr } from './locale';

interface Workflow {
  type?: string;
  sync?: boolean;
}

/** The node that answers the caller of a synchronous webhook and ends the workflow. */
export class ResponseInstruction extends Instruction {
  type = RESPONSE_TYPE;
  title = tExpr('Response');
  description = tExpr('Answers the call that started this workflow, and ends the workflow.');
  group = 'extended';
  icon = (<SendOutlined />);
  end = true;

  FieldsetLoader = () => import('./forms/ResponseForm');
  ComponentLoader = () => import('./ResponseCard');

  createDefaultConfig(): ResponseConfig {
    return { statusCode: 200, headers: [], body: {} };
  }

  isAvailable({ engine, workflow }: NodeAvailableContext): boolean {
    return answersCaller(workflow, engine);
  }
}

/** Whether a workflow's caller waits for an answer, i.e. whether it is a synchronous webhook. */
export function answersCaller(
  workflow: Workflow | undefined,
  engine?: { isWorkflowSync(workflow: Workflow): boolean },
) {
  return workflow?.type === TRIGGER_TYPE && Boolean(engine?.isWorkflowSync?.(workflow) ?? workflow.sync);
}
