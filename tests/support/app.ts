export { account, bootApp, freePort } from '../../scripts/lib/nocobase.mjs';
export type { App, BootOptions } from '../../scripts/lib/nocobase.mjs';
export { createWorkflow, setEnabled } from '../../scripts/lib/workflows.mjs';
export type { CreatedWorkflow, NodeDefinition, WorkflowDefinition } from '../../scripts/lib/workflows.mjs';
