import { bootApp as boot, type App, type BootOptions } from '../../scripts/lib/nocobase.mjs';

export { freePort } from '../../scripts/lib/nocobase.mjs';
export { createWorkflow, setEnabled } from '../../scripts/lib/workflows.mjs';
export type { CreatedWorkflow, NodeDefinition, WorkflowDefinition } from '../../scripts/lib/workflows.mjs';
export type { App, BootOptions };

/** The database that this run of the tests is about: SQLite, or as `npm run test:services` says. */
export const dialect = (process.env.TEST_DIALECT ?? 'sqlite') as NonNullable<BootOptions['dialect']>;

/** Boots a NocoBase app with this plugin enabled, on the database of this run unless `options` names one. */
export const bootApp = (options: BootOptions = {}): Promise<App> => boot({ dialect, ...options });
