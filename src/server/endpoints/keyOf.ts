import type { Context } from '@nocobase/actions';
import type { Application } from '@nocobase/server';
import { TRIGGER_TYPE } from '../../common/names';

/** Returns the key of a webhook workflow. Responds with 404 if there is none of this id. */
export async function keyOf(ctx: Context, app: Application, workflowId: string | number): Promise<string> {
  const where = { id: workflowId, type: TRIGGER_TYPE };
  const workflow = await app.db.getModel('workflows').findOne({ attributes: ['key'], where });
  return workflow
    ? (workflow.get('key') as string)
    : (ctx.throw(404, 'expected the id of a webhook workflow') as never);
}
