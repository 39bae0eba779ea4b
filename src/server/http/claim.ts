import type { Context, Next } from '@nocobase/actions';
import type { Application } from '@nocobase/server';
import type { Reply } from '../native';
import { type Address, addressIn, prefixOf } from './address';
import { takeFromGateway } from '../nocobase/gateway';
import { send } from './send';

const ADDRESS = Symbol('webhook address');
type Claimed = { [ADDRESS]?: Address };

/**
 * Claims webhook requests before NocoBase routes them.
 *
 * They are recognized before the body parser, which would read the body and keep none of its bytes, and answered before the
 * resource layer, in which the caller's query and headers decide what runs. All middlewares between the two still run.
 */
export function claimWebhooks(
  app: Application,
  receive: (ctx: Context, address: Address) => Promise<Reply | undefined>,
): void {
  const prefix = prefixOf(app);
  takeFromGateway(app, (target) => addressIn(target.split('?', 1)[0], prefix) !== undefined);
  app.use(
    async function claimWebhook(ctx: Context, next: Next) {
      const address = addressIn(ctx.path, prefix);
      if (address) {
        (ctx.state as Claimed)[ADDRESS] = address;
        ctx.disableBodyParser = true;
      }
      await next();
    },
    { tag: 'webhookClaim', after: 'logger', before: 'bodyParser' },
  );
  app.use(
    async function answerWebhook(ctx: Context, next: Next) {
      const address = (ctx.state as Claimed)[ADDRESS];
      if (!address) {
        return next();
      }
      const reply = await receive(ctx, address);
      if (reply) {
        send(ctx, reply);
      } else {
        // The client has disconnected; there is nobody to respond to.
        ctx.respond = false;
      }
    },
    { tag: 'webhookAnswer', after: 'dataWrapping', before: 'dataSource' },
  );
}
