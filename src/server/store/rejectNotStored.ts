import type PluginWorkflowServer from '@nocobase/plugin-workflow';
import { rejection, type Reply, unstorable } from '../native';
import type { WebhookEvent } from './events';
import type { NotStored } from './ExecutionStore';

/** Returns the rejection of an event that is not stored: 422 if the database never accepts it, else 503, and its sender may retry. */
export function rejectNotStored(
  workflow: PluginWorkflowServer,
  event: WebhookEvent,
  { kind, reason }: NotStored,
): Reply {
  if (kind === 'rejected') {
    return unstorable(reason);
  }
  workflow.getLogger(event.workflow.id).error(`webhook event could not be stored: ${reason}`);
  return rejection('notStored');
}
