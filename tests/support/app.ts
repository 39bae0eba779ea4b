import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bootApp as boot, type App, type BootOptions } from '../../scripts/lib/nocobase.mjs';

import { runtimeDir } from '../../scripts/lib/paths.mjs';

export { freePort } from '../../scripts/lib/nocobase.mjs';
export { createWorkflow, setEnabled } from '../../scripts/lib/workflows.mjs';
export type { CreatedWorkflow, NodeDefinition, WorkflowDefinition } from '../../scripts/lib/workflows.mjs';
export type { App, BootOptions };

/** The version of the NocoBase that is tested with. */
export const nocobaseVersion = (
  JSON.parse(readFileSync(join(runtimeDir, 'node_modules/@nocobase/server/package.json'), 'utf8')) as {
    version: string;
  }
).version;

/** The database of this test run: SQLite, or the one that `npm run test:services` chooses. */
export const dialect = (process.env.TEST_DIALECT ?? 'sqlite') as NonNullable<BootOptions['dialect']>;

/** Boots a NocoBase app with this plugin enabled, by default on the database of this test run. */
export const bootApp = (options: BootOptions = {}): Promise<App> => boot({ dialect, ...options });
