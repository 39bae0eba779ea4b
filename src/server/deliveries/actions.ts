import type { Context, Next } from '@nocobase/actions';
import type { Application } from '@nocobase/server';
import { id, numeral, oneOf, optional, text, valuesOf } from '../editor/fields';
import { keyOf } from '../endpoints/keyOf';
import { DELIVERY_RESULTS } from '../../common/delivery';
import { DELIVERIES } from '../../common/names';
import type { Journal } from './Journal';
import { getDelivery, listDeliveries } from './reading';

/** The deliveries of a page, unless less are asked for, and the most of one. */
const PAGE = 20;
const MOST_PAGE = 100;

const LIST = {
  workflowId: optional(id()),
  result: optional(oneOf(...DELIVERY_RESULTS)),
  code: optional(text(64)),
  status: optional(numeral(599)),
  before: optional(id()),
  limit: optional(numeral(MOST_PAGE)),
};

/**
 * Defines the resource with its own actions alone. NocoBase would give a collection actions to list, create, change and delete whatever
 * it contains.
 */
export function defineActions(app: Application, journal: Journal): void {
  const actions = {
    async list(ctx: Context, next: Next) {
      const { workflowId, before, limit = PAGE, status, ...equal } = valuesOf(ctx, LIST, ctx.action.params);
      const workflowKey = workflowId === undefined ? undefined : await keyOf(ctx, app, workflowId);
      await journal.flush();
      const deliveries = await listDeliveries(app.db, {
        ...equal,
        workflowKey,
        status: status === undefined ? undefined : Number(status),
        before: before === undefined ? undefined : String(before),
        limit: Number(limit),
      });
      const cursor = deliveries.length === Number(limit) ? deliveries[deliveries.length - 1].id : null;
      ctx.body = { deliveries, next: cursor };
      await next();
    },

    async get(ctx: Context, next: Next) {
      const { filterByTk } = valuesOf(ctx, { filterByTk: id() }, ctx.action.params);
      await journal.flush();
      const delivery = await getDelivery(app.db, String(filterByTk));
      if (!delivery) {
        ctx.throw(404, 'expected the id of a delivery');
      }
      ctx.body = delivery;
      await next();
    },
  };
  app.resourceManager.define({ name: DELIVERIES, only: Object.keys(actions), actions });
}
