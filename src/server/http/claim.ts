import type { Context, Next } from '@nocobase/actions';
import type { Application } from '@nocobase/server';
import { TRIGGER_ACTION, RESOURCE } from '../../common/names';
import type { Reply } from '../native';
import { send } from './send';

const KEY = Symbol('webhook key');
type Claimed = { [KEY]?: string };

// Some clients escape the colon of a path.
const ACTION = new RegExp(`^${RESOURCE}(?::|%3a)${TRIGGER_ACTION}(?:/(.*?)/?)?$`, 'i');

/**
 * The workflow key in a path of the form `<prefix>webhook:trigger/<key>`: empty where it is missing, `undefined` for a
 * path of another form.
 */
function keyOf(path: string, prefix: string): string | undefined {
  const found = path.startsWith(prefix) ? ACTION.exec(path.slice(prefix.length)) : null;
  return found ? (found[1] ?? '') : undefined;
}

/**
 * Takes webhook calls out of the way that requests go in NocoBase.
 *
 * They are recognised before the body parser, which would read the body and keep no bytes of it, and answered before the
 * resource layer, in which the caller's query and headers choose what runs. All middlewares between the two still run.
 */
export function claimWebhooks(
  app: Application,
  receive: (ctx: Context, key: string) => Promise<Reply | undefined>,
): void {
  const prefix = `${(app.resourceManager.options.prefix ?? '/api').replace(/\/+$/, '')}/`;
  app.use(
    async function claimWebhook(ctx: Context, next: Next) {
      const key = keyOf(ctx.path, prefix);
      if (key !== undefined) {
        (ctx.state as Claimed)[KEY] = key;
        ctx.disableBodyParser = true;
      }
      await next();
    },
    { tag: 'webhookClaim', after: 'logger', before: 'bodyParser' },
  );
  app.use(
    async function answerWebhook(ctx: Context, next: Next) {
      const key = (ctx.state as Claimed)[KEY];
      if (key === undefined) {
        return next();
      }
      const reply = await receive(ctx, key);
      if (reply) {
        send(ctx, reply);
      } else {
        // The client is gone; there is nobody to answer.
        ctx.respond = false;
      }
    },
    { tag: 'webhookAnswer', after: 'dataWrapping', before: 'dataSource' },
  );
}
