import type { WorkflowModel } from '@nocobase/plugin-workflow';
import type { Application } from '@nocobase/server';
import type { CompiledEndpoint } from '../endpoints/CompiledEndpoint';
import type { Endpoints } from '../endpoints/Endpoints';

/** Contexts that are read together. */
const PAGE = 100;

/** Which executions of a webhook run one after another. */
export interface Lane {
  /** Those with the same number are in one line. */
  number: number;
  /** How many of that line run at a time. */
  width: number;
}

/** The lane of a webhook whose executions all run one after another. */
export const SEQUENCE: Lane = { number: 0, width: 1 };

/** Returns the lane of an event, from its context as JSON text. */
export function laneOf(compiled: CompiledEndpoint, context: string): Lane {
  return compiled.runsByKey ? keyLane(compiled, JSON.parse(context)) : { number: 0, width: compiled.parallel };
}

/**
 * Returns the lane of a context's key. The context is as JavaScript reads it, since a stored one comes from the database like that: a
 * number has been rounded then, and the last of repeated keys counts.
 */
function keyLane({ endpoint }: CompiledEndpoint, context: unknown): Lane {
  return { number: endpoint.keyLane(JSON.stringify(context)), width: 1 };
}

/**
 * Returns the lanes of stored executions of one version of a workflow, which have the order that they were given. Their contexts are
 * read only where the order depends on them.
 */
export async function lanesOf(
  app: Application,
  endpoints: Endpoints,
  workflow: WorkflowModel,
  ids: readonly string[],
): Promise<(id: string) => Lane> {
  let compiled: CompiledEndpoint;
  try {
    compiled = endpoints.compile(workflow).compiled();
  } catch {
    // Of a configuration that can't be used any more, as without one of its variables.
    return () => SEQUENCE;
  }
  if (!compiled.runsByKey) {
    const lane = laneOf(compiled, '');
    return () => lane;
  }
  const lanes = new Map<string, Lane>();
  for (let from = 0; from < ids.length; from += PAGE) {
    const rows = (await app.db.getModel('executions').findAll({
      attributes: ['id', 'context'],
      where: { id: ids.slice(from, from + PAGE) },
    })) as unknown as { id: string | number; context: unknown }[];
    for (const { id, context } of rows) {
      lanes.set(String(id), keyLane(compiled, context));
    }
  }
  return (id) => lanes.get(id) ?? SEQUENCE;
}
