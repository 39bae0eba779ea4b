import type { ExecutionModel } from '@nocobase/plugin-workflow';
import type { Application } from '@nocobase/server';

/** Returns a stored execution, or `null` if there is none, or none any more. */
export function findExecution(
  app: Application,
  where: { eventKey: string } | { id: string },
): Promise<ExecutionModel | null> {
  return app.db.getModel('executions').findOne({ where }) as Promise<ExecutionModel | null>;
}
