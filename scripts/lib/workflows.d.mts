import type { App } from './nocobase.mjs';

/** A node as `flow_nodes` keeps it. */
export interface NodeDefinition {
  type: string;
  title?: string;
  config?: Record<string, unknown>;
  /** Nodes inside the node's branches; a condition has branch 1 for true and 0 for false. */
  branches?: Record<number, NodeDefinition[]>;
}

export interface WorkflowDefinition {
  title: string;
  /** Type of the trigger. Default: `webhook`. */
  type?: string;
  /** Default: `false`. */
  sync?: boolean;
  /** The webhook trigger's config. */
  config?: Record<string, unknown>;
  /** The workflow's own options, e.g. `{ timeout: 1000 }`. */
  options?: Record<string, unknown>;
  /** One after another. */
  nodes?: NodeDefinition[];
  /** Default: `true`. */
  enabled?: boolean;
}

export interface CreatedWorkflow {
  id: string | number;
  /** Stays the same over versions; the last part of `url`. */
  key: string;
  /** Where its events are posted to. */
  url: string;
  /** The nodes on the main line, in order. */
  nodes: { id: string | number; key: string }[];
}

/** Creates a workflow with a webhook trigger. */
export function createWorkflow(app: App, definition: WorkflowDefinition): Promise<CreatedWorkflow>;

/** Switches a workflow on or off. */
export function setEnabled(app: App, id: string | number, enabled: boolean): Promise<void>;
