import type { Context } from '@nocobase/actions';
import type { Reply } from '../native';

const CONTENT_TYPE = 'content-type';

const BEYOND_ASCII = /[^\0-\x7f]/;

/** Puts a reply into the context as it is: no `data` around it, no content type of Koa's own choice. */
export function send(ctx: Context, reply: Reply): void {
  ctx.withoutDataWrapping = true;
  ctx.status = reply.status;
  let typed = false;
  let asBytes = false;
  for (const [name, text] of reply.headers) {
    typed ||= name === CONTENT_TYPE;
    let value = text;
    if (BEYOND_ASCII.test(text)) {
      // Node writes a character of a header as one byte, so each byte of the UTF-8 has to be one.
      value = Buffer.from(text).toString('latin1');
      asBytes = true;
    }
    if (name === 'set-cookie') {
      ctx.res.appendHeader(name, value);
    } else {
      ctx.res.setHeader(name, value);
    }
  }
  // No browser is to take a body for something else than it is said to be: it has NocoBase's own origin.
  ctx.res.setHeader('x-content-type-options', 'nosniff');
  // Node joins the headers to a body that is a string, and writes both as UTF-8.
  ctx.body = asBytes ? Buffer.from(reply.body) : reply.body;
  // Koa guesses a type for a body unless it has one already.
  if (!typed) {
    ctx.res.removeHeader(CONTENT_TYPE);
  }
}
