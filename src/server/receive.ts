import type { IncomingMessage } from 'node:http';
import { createHash } from 'node:crypto';
import type { Context } from '@nocobase/actions';
import type { Application } from '@nocobase/server';
import type { Dispatch, WebhookEvent } from './dispatch';
import type { Endpoints, Judge, WebhookEndpoint } from './Endpoints';
import type { Address } from './http/claim';
import { readBody } from './http/read';
import { type Event, native, type Reply } from './native';

/** From this size on a body is judged off the main thread: below, the way there costs more than the work. */
const OFF_THREAD_BYTES = 64 * 1024;

/** A request's way from its key to its reply. Nothing is decided here: the core judges, the dispatch stores and runs. */
export class Receiver {
  /** Set when the app begins to stop. */
  stopping = false;

  constructor(
    private readonly endpoints: Endpoints,
    private readonly dispatch: Dispatch,
    private readonly log: Pick<Application['logger'], 'error'>,
  ) {}

  /** @returns the reply, or `undefined` where the client has gone. */
  async receive(ctx: Context, { key, path }: Address): Promise<Reply | undefined> {
    const { refuse } = native();
    if (this.stopping) {
      return refuse('stopping');
    }
    const webhook = this.endpoints.get(key);
    if (!webhook) {
      return refuse('notFound');
    }
    let judge: Judge;
    try {
      judge = webhook.judge();
    } catch (error) {
      return this.misconfigured(webhook, error);
    }
    const { req } = ctx;
    const { endpoint } = judge;
    const early = endpoint.checkHead(path, req.method ?? '', Number(req.headers['content-length'] ?? 0));
    if (early) {
      return early;
    }
    const body = await readBody(req, judge.limit);
    if (body === 'tooLarge') {
      return endpoint.tooLarge();
    }
    if (body === 'incomplete') {
      return req.destroyed && !ctx.res.writable ? undefined : refuse('incomplete');
    }
    const judged = await judgeWith(judge, ctx, path, body);
    if (!('context' in judged)) {
      return judged;
    }
    const event = eventOf(webhook, judged);
    if (webhook.sync) {
      return this.dispatch.run(event, ctx);
    }
    try {
      return await this.dispatch.store(event, webhook.answer);
    } catch (error) {
      return this.misconfigured(webhook, error);
    }
  }

  private misconfigured({ workflow }: WebhookEndpoint, error: unknown): Reply {
    const reason = error instanceof Error ? error.message : String(error);
    this.log.error(`webhook of workflow ${workflow.id} (key ${workflow.key}) is misconfigured: ${reason}`);
    return native().refuse('misconfigured');
  }
}

function eventOf({ workflow }: WebhookEndpoint, { context, idempotencyKey }: Event): WebhookEvent {
  return {
    workflow,
    context,
    // Of this workflow alone: two workflows may be sent the same event. A hash, as a key may be of any length.
    eventKey:
      idempotencyKey === undefined
        ? undefined
        : createHash('sha256')
            .update(JSON.stringify([workflow.key, idempotencyKey]))
            .digest('hex'),
  };
}

function judgeWith(
  { endpoint, headerNames }: Judge,
  ctx: Context,
  path: string,
  body: Buffer,
): Event | Reply | Promise<Event | Reply> {
  const { req } = ctx;
  const method = req.method ?? '';
  const peer = req.socket.remoteAddress ?? '';
  const headers = pick(req.rawHeaders, headerNames);
  return body.length >= OFF_THREAD_BYTES || req.headers['content-encoding'] !== undefined
    ? endpoint.judgeOffThread(method, path, urlOf(req), peer, headers, body)
    : endpoint.judge(method, path, urlOf(req), peer, headers, body);
}

/**
 * The whole URL as the sender called it, which some senders sign: behind a proxy as its `X-Forwarded-*` headers say. A
 * caller may write them too, but not the signature over what they say.
 */
function urlOf({ headers, socket, url = '' }: IncomingMessage): string {
  const first = (name: string) =>
    String(headers[name] ?? '')
      .split(',', 1)[0]
      .trim();
  const protocol = first('x-forwarded-proto') || ('encrypted' in socket && socket.encrypted ? 'https' : 'http');
  return `${protocol}://${first('x-forwarded-host') || headers.host}${url}`;
}

// Only the headers that are looked at cross to the addon: handing over all of them costs more than judging.
function pick(rawHeaders: string[], names: string[]): string[] {
  const picked: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i].toLowerCase();
    if (names.includes(name)) {
      picked.push(name, rawHeaders[i + 1]);
    }
  }
  return picked;
}
