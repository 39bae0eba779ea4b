import { EXECUTION_STATUS } from '@nocobase/plugin-workflow';

/**
 * An execution that waits to be run by this plugin. `dispatched` hides it from the engine's recovery, which would run it whatever
 * waits before it. The engine itself stores `false`, and so did version 0.1.
 */
export const WAITING = { status: EXECUTION_STATUS.QUEUEING, dispatched: true, startedAt: null };
