import type { WorkflowModel } from '@nocobase/plugin-workflow';

/** Seconds that a synchronous execution may take if its workflow has no time limit of its own. */
const SYNC_TIMEOUT = 600;

/** The longest time limit that the addon accepts, in milliseconds: 49 days. */
const MOST_MS = 2 ** 32 - 1;

/** Returns a workflow's own time limit in milliseconds; 0 for none. */
export function timeoutOf({ options }: WorkflowModel): number {
  const timeout = Number(options?.timeout ?? 0);
  return timeout > 0 ? Math.min(Math.ceil(timeout), MOST_MS) : 0;
}

/** Returns the time limit in milliseconds of a synchronous execution whose workflow has none (`WEBHOOK_SYNC_TIMEOUT`); 0 for none. */
export function defaultTimeout(): number {
  const seconds = Number(process.env.WEBHOOK_SYNC_TIMEOUT || SYNC_TIMEOUT);
  return Math.min(1000 * (seconds >= 0 ? seconds : SYNC_TIMEOUT), MOST_MS);
}
