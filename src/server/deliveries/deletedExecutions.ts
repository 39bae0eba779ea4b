import type { Database } from '@nocobase/database';
import type { ExecutionModel } from '@nocobase/plugin-workflow';
import { DELIVERIES } from '../../common/names';
import type { Journal } from './Journal';

/**
 * Keeps the final status of an execution that is deleted, in the same transaction: a workflow may delete its executions as they end, and
 * the delivery still shows what became of them.
 */
export function keepStatusOfDeleted(db: Database, journal: Pick<Journal, 'isOpen'>): void {
  db.on(
    'executions.beforeDestroy',
    async ({ id, status }: ExecutionModel, { transaction }: { transaction?: never }) => {
      if (journal.isOpen && status !== null) {
        await db.getModel(DELIVERIES).update({ executionStatus: status }, { where: { id }, transaction });
      }
    },
  );
}
