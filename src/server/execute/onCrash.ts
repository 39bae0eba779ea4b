import type { WorkflowModel } from '@nocobase/plugin-workflow';

/**
 * What happens to an execution that a crash interrupted: the option `onCrash` of a workflow's `options`. Anything other than
 * `fail` is `rerun`.
 *
 * - `rerun`: it restarts from the beginning, so its nodes may run twice.
 * - `fail`: it ends as failed, with the reason `interrupted`.
 */
export type OnCrash = 'rerun' | 'fail';

/** Reason of an execution that ended because of a crash. */
export const INTERRUPTED = 'interrupted';

/** Returns whether a workflow's interrupted executions end as failed. */
export function failsOnCrash({ options }: Pick<WorkflowModel, 'options'>): boolean {
  return (options as { onCrash?: OnCrash } | null)?.onCrash === 'fail';
}
