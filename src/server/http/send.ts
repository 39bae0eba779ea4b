import type { Context } from '@nocobase/actions';
import type { Reply } from '../native';

/** Puts an answer into the context as it is: no `data` around it, no content type of Koa's own choice. */
export function send(ctx: Context, reply: Reply): void {
  ctx.withoutDataWrapping = true;
  ctx.status = reply.status;
  ctx.body = reply.body;
  // Koa guesses a type for a body that is a string.
  ctx.remove('content-type');
  for (const [name, value] of reply.headers) {
    if (name === 'set-cookie') {
      ctx.append(name, value);
    } else {
      ctx.set(name, value);
    }
  }
}
