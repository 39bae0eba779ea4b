import type { Application } from '@nocobase/server';

/**
 * Returns the ids of the executions that wait in this process's event queue.
 *
 * Reads the private queues of NocoBase's adapter in memory. Verified with NocoBase 2.2.15. Fallback: none are found. This is also
 * the case with any other adapter, which keeps its queue elsewhere; there the engine's lock has to suffice.
 */
export function queuedExecutions(app: Application): string[] {
  const adapter = Reflect.get(app.eventQueue, 'adapter') as { queues?: unknown } | undefined;
  const queues = adapter?.queues instanceof Map ? adapter.queues : new Map<string, unknown>();
  const tasks = [...queues.values()].flat() as { content?: { executionId?: unknown } }[];
  return tasks.map(({ content }) => String(content?.executionId));
}
