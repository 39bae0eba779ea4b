import Joi from 'joi';
import {
  type FlowNodeModel,
  Instruction,
  JOB_STATUS,
  type JobModel,
  type Processor,
  type WorkflowModel,
} from '@nocobase/plugin-workflow';
import { RESPONSE_TYPE, TRIGGER_TYPE } from '../../common/names';
import { type Answer, buildReply } from './triggerResponse';
import { fieldErrors } from '../editor/fieldErrors';
import { native, type Reply } from '../native';
import { fillFrom } from '../endpoints/templates';

/** Where a synchronous call finds the reply that a Response node decided on. */
export interface ReplySlot {
  reply?: Reply;
}

/** Name of the processor option that holds the {@link ReplySlot} of a call; a run by hand has none. */
export const REPLY_SLOT = 'webhookReply';

/** The node type `response`: decides the answer of a synchronous webhook and ends the workflow. */
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
    const { statusCode, headers, body = {} } = node.config as Answer;
    // The status is no place for templates; everything else may hold them.
    const valuesOf = (templates: string[]) => processor.getParsedValue(templates, node.id) as unknown[];
    const filled = fillFrom({ headers, body }, valuesOf) as Answer;
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
