import Joi from 'joi';
import {
  type FlowNodeModel,
  Instruction,
  JOB_STATUS,
  type JobModel,
  type Processor,
  type WorkflowModel,
} from '@nocobase/plugin-workflow';
import type { ResponseConfig } from '../../common/config';
import { RESPONSE_TYPE, TRIGGER_TYPE } from '../../common/names';
import { buildReply } from './triggerResponse';
import { fieldErrors } from '../editor/fieldErrors';
import { native, type Reply } from '../native';
import { fillFrom } from '../endpoints/templates';

/** Where a synchronous request finds the reply that a Response node decided. */
export interface ReplySlot {
  reply?: Reply;
}

/** Name of the processor option with the {@link ReplySlot} of a request; a manual execution has none. */
export const REPLY_SLOT = 'webhookReply';

/** The node type `response`: decides the response of a synchronous webhook and ends the workflow. */
export class ResponseInstruction extends Instruction {
  // The shape only; every rule about the values is the core's (`checkAnswer`).
  configSchema = Joi.object({ headers: Joi.array().items(Joi.object()).allow(null) });

  validateConfig(config: Record<string, unknown>): Record<string, string> | null {
    return super.validateConfig(config) ?? fieldErrors(native().checkAnswer(config));
  }

  isAvailable(workflow?: WorkflowModel): boolean {
    return workflow?.type === TRIGGER_TYPE && this.workflow.isWorkflowSync(workflow);
  }

  async run(node: FlowNodeModel, input: JobModel, processor: Processor) {
    const { workflow } = processor.execution;
    if (!this.isAvailable(workflow)) {
      throw new Error(`a "${RESPONSE_TYPE}" node works in synchronous webhook workflows only`);
    }
    const { statusCode, headers, body = {} } = node.config as ResponseConfig;
    // The status can't be a template; everything else may contain them.
    const valuesOf = (templates: string[]) => processor.getParsedValue(templates, node.id) as unknown[];
    const filled = fillFrom({ headers, body }, valuesOf) as ResponseConfig;
    const reply = buildReply({ statusCode, ...filled });
    const slot = processor.options[REPLY_SLOT] as ReplySlot | undefined;
    if (slot) {
      slot.reply = reply;
    }
    processor.saveJob({
      status: JOB_STATUS.RESOLVED,
      nodeId: node.id,
      nodeKey: node.key,
      upstreamId: input?.id ?? null,
      result: { statusCode: reply.status, headers: reply.headers, body: filled.body ?? null },
    });
    return processor.exit(JOB_STATUS.RESOLVED);
  }
}
