import { Op } from '@nocobase/database';
import type { WorkflowModel } from '@nocobase/plugin-workflow';
import type { Application } from '@nocobase/server';
import { TRIGGER_TYPE } from '../../common/names';
import { WAITING } from '../store/waiting';

/**
 * Leaves the executions that wait for this plugin to NocoBase's engine, which looks for waiting ones on its start and every five
 * minutes. For when the plugin is disabled, or can't work. Never throws.
 */
export async function handBack(app: Application): Promise<void> {
  try {
    const workflows = (await app.db.getModel('workflows').findAll({
      attributes: ['id'],
      where: { type: TRIGGER_TYPE },
    })) as WorkflowModel[];
    await app.db
      .getModel('executions')
      .update({ dispatched: false }, { where: { ...WAITING, workflowId: { [Op.in]: workflows.map(({ id }) => id) } } });
  } catch (error) {
    app.logger.error('webhooks: waiting executions could not be left to the engine', { error });
  }
}
