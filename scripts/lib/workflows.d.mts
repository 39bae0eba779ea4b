import type { App } from './nocobase.mjs';

/** A node as stored in `flow_nodes`. */
export interface NodeDefinition {
  type: string;
  title?: string;
  config?: Record<string, unknown>;
  /** The nodes in the node's branches; branch 1 of a condition is true, 0 is false. */
  branches?: Record<number, NodeDefinition[]>;
}

export interface WorkflowDefinition {
  title: string;
  /** The type of the trigger. Default: `webhook`. */
  type?: string;
  /** Default: `false`. */
  sync?: boolean;
  /** The webhook trigger's config. */
  config?: Record<string, unknown>;
  /** The workflow's own options, e.g. `{ timeout: 1000 }`. */
  options?: Record<string, unknown>;
  /** The nodes, in order. */
  nodes?: NodeDefinition[];
  /** Default: `true`. */
  enabled?: boolean;
}

export interface CreatedWorkflow {
  id: string | number;
  /** The same for all versions; the last part of `url`. */
  key: string;
  /** The URL of the webhook. */
  url: string;
  /** The nodes on the main line, in order. */
  nodes: { id: string | number; key: string }[];
}

/** Creates a workflow with a webhook trigger. */
export function createWorkflow(app: App, definition: WorkflowDefinition): Promise<CreatedWorkflow>;

/** Switches a workflow on or off. */
export function setEnabled(app: App, id: string | number, enabled: boolean): Promise<void>;
