import type { Context } from '@nocobase/actions';
import type { Reply } from '../native';

const CONTENT_TYPE = 'content-type';

/** Puts an answer into the context as it is: no `data` around it, no content type of Koa's own choice. */
export function send(ctx: Context, reply: Reply): void {
  ctx.withoutDataWrapping = true;
  ctx.status = reply.status;
  let typed = false;
  for (const [name, value] of reply.headers) {
    typed ||= name === CONTENT_TYPE;
    if (name === 'set-cookie') {
      ctx.res.appendHeader(name, value);
    } else {
      ctx.res.setHeader(name, value);
    }
  }
  // Koa guesses a type for a body that is a string, unless it has one already.
  ctx.body = reply.body;
  if (!typed) {
    ctx.res.removeHeader(CONTENT_TYPE);
  }
}
