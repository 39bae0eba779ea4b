import { RESPONSE_TYPE, TRIGGER_TYPE } from '../common/names';
import { ResponseInstruction } from './ResponseInstruction';
import { WebhookTrigger } from './WebhookTrigger';

/** What both clients' workflow plugins offer to others. */
export interface WorkflowPlugin {
  registerTrigger(type: string, trigger: typeof WebhookTrigger): void;
  registerInstruction(type: string, instruction: typeof ResponseInstruction): void;
}

/**
 * Makes the trigger and the node known to a client's workflow plugin; does nothing where that plugin is not enabled.
 *
 * Classes are registered, not instances: the older client refuses an instance of a class that it hasn't bundled itself.
 */
export function register(workflow: WorkflowPlugin | undefined) {
  workflow?.registerTrigger(TRIGGER_TYPE, WebhookTrigger);
  workflow?.registerInstruction(RESPONSE_TYPE, ResponseInstruction);
}
