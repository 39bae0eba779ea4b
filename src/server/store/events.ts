import type { WorkflowModel } from '@nocobase/plugin-workflow';
import type { Recorded } from '../deliveries/delivery';
import type { Lane } from '../execute/lanes';

/** What is stored of an accepted event. */
export interface StorableEvent {
  workflow: Pick<WorkflowModel, 'id' | 'key'>;
  /** JSON text, stored as it is. */
  context: string;
  /** Its request, which is recorded with the execution, under the same id. */
  delivery: Recorded;
  /** Unique among all executions; absent where duplicates aren't recognized. */
  eventKey?: string;
  /** Set for an execution that its caller executes at once. Without it, the engine's queue picks the execution up. */
  begun?: { startedAt: Date; expiresAt: Date | null };
}

/** An accepted event: the workflow it is for, and its context as JSON text. */
export interface WebhookEvent extends StorableEvent {
  workflow: WorkflowModel;
  lane: Lane;
}

/** An event with side effects that have to be undone unless it gets an execution. It has a key even if its sender gave none. */
export type UndoableEvent = WebhookEvent & { eventKey: string; undoable: true };
