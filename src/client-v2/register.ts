import { RESPONSE_TYPE, TRIGGER_TYPE } from '../common/names';
import { ResponseInstruction } from './ResponseInstruction';
import { WebhookTrigger } from './WebhookTrigger';

/** The part of both clients' workflow plugins that other plugins use. */
export interface WorkflowPlugin {
  registerTrigger(type: string, trigger: typeof WebhookTrigger): void;
  registerInstruction(type: string, instruction: typeof ResponseInstruction): void;
}

/**
 * Registers the trigger and the node with a client's workflow plugin. Does nothing if that plugin isn't enabled.
 *
 * Registers classes rather than instances: the older client rejects an instance of a class that it hasn't bundled itself.
 */
export function register(workflow: WorkflowPlugin | undefined) {
  workflow?.registerTrigger(TRIGGER_TYPE, WebhookTrigger);
  workflow?.registerInstruction(RESPONSE_TYPE, ResponseInstruction);
}
