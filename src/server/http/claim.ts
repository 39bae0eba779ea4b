import type { Context, Next } from '@nocobase/actions';
import type { Application } from '@nocobase/server';
import { TRIGGER_ACTION, RESOURCE } from '../../common/names';
import type { Reply } from '../native';
import { takeFromGateway } from './gateway';
import { send } from './send';

/** Where a call goes: the workflow's key, and what stands behind it in the path; both as sent, empty for nothing. */
export interface Address {
  key: string;
  path: string;
}

const ADDRESS = Symbol('webhook address');
type Claimed = { [ADDRESS]?: Address };

// Some clients escape the colon of a path.
const ACTION = `${RESOURCE}(?::|%3a)${TRIGGER_ACTION}(?:/([^/]*)(?:/(.*?))??/?)?$`;
const AT_START = new RegExp(`^${ACTION}`, 'i');
const ANYWHERE = new RegExp(`/${ACTION}`, 'i');

/** The address in a path of the form `<prefix>webhook:trigger/<key>/<path>`; `undefined` for a path of another form. */
function addressIn(path: string, prefix: string): Address | undefined {
  return path.startsWith(prefix) ? found(AT_START.exec(path.slice(prefix.length))) : undefined;
}

/** The address in a URL, or the path and query of one, wherever a proxy or a sub-app has put it. */
export function addressInUrl(url: string): Address | undefined {
  return found(ANYWHERE.exec(url.split(/[?#]/, 1)[0]));
}

function found(match: RegExpExecArray | null): Address | undefined {
  return match ? { key: match[1] ?? '', path: match[2] ?? '' } : undefined;
}

/**
 * Takes webhook calls out of the way that requests go in NocoBase.
 *
 * They are recognised before the body parser, which would read the body and keep no bytes of it, and answered before the
 * resource layer, in which the caller's query and headers choose what runs. All middlewares between the two still run.
 */
export function claimWebhooks(
  app: Application,
  receive: (ctx: Context, address: Address) => Promise<Reply | undefined>,
): void {
  const prefix = `${(app.resourceManager.options.prefix ?? '/api').replace(/\/+$/, '')}/`;
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
        // The client is gone; there is nobody to answer.
        ctx.respond = false;
      }
    },
    { tag: 'webhookAnswer', after: 'dataWrapping', before: 'dataSource' },
  );
}
