import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Context } from '@nocobase/actions';
import type { Activation } from '../endpoints/Activation';
import type { Dispatch, UndoableEvent, WebhookEvent } from '../AcceptedEvents';
import type { Endpoints, Judge, WebhookEndpoint } from '../endpoints/Endpoints';
import type { FailedAuthentications } from './FailedAuthentications';
import { type FileKeeper, FilesMisconfigured } from './FileUploads';
import type { Address } from '../http/address';
import { LargeBodies } from '../http/large';
import { readBody } from '../http/read';
import { headOf, judgeWith, requestOf } from './judge';
import type { Judges } from './JudgingQueue';
import type { KeptRefusals } from './RecentRejections';
import type { RateLimits } from './RateLimits';
import { type Body, type Event, native, refuse, type Reply, unstorable, type Upload } from '../native';
import { describe } from '../store/ExecutionStore';

const UNAUTHORIZED = 401;

/** A request's way from its key to its reply. Nothing is decided here: the core judges, the dispatch stores and runs. */
export class Receiver {
  private stopping = false;
  private readonly largeBodies = new LargeBodies();

  constructor(
    private readonly endpoints: Endpoints,
    private readonly activation: Activation,
    private readonly dispatch: Dispatch,
    private readonly judges: Judges,
    private readonly files: FileKeeper,
    private readonly limits: RateLimits,
    private readonly failures: FailedAuthentications,
    private readonly kept: KeptRefusals,
  ) {}

  /** Judges nothing any more, also of what has come already: whoever sent it may send it again. */
  stop(): void {
    this.stopping = true;
    this.judges.stop();
    this.kept.stop();
  }

  /** @returns the reply, or `undefined` where the client has gone. */
  async receive(ctx: Context, { key, path }: Address): Promise<Reply | undefined> {
    if (this.stopping) {
      return refuse('stopping');
    }
    const webhook = this.endpoints.get(key) ?? (await this.activation.find(key));
    if (!webhook) {
      return refuse('notFound');
    }
    if (webhook === 'inDoubt') {
      return refuse('notStored');
    }
    let judge: Judge;
    try {
      judge = webhook.judge();
    } catch (error) {
      return refusedFor('misconfigured', error);
    }
    const { req } = ctx;
    const { endpoint } = judge;
    const head = headOf(judge, req, path);
    const address = () => endpoint.clientAddress(head) ?? req.socket.remoteAddress ?? '';
    const refused = (reply: Reply, body?: Buffer | Body, length?: number): Reply => {
      if (reply.status === UNAUTHORIZED) {
        this.failures.note(webhook.workflow.key, address());
      }
      this.kept.keep(webhook, judge, reply, () => ({ ...requestOf(judge, req, path), body, length }));
      return reply;
    };
    const shutOut = () => {
      const wait = this.failures.wait(webhook.workflow.key, address);
      return wait ? endpoint.tooManyFailures(wait) : undefined;
    };
    // Before anything is looked at; what it counts are events that were let in, below.
    const { rateLimit } = judge;
    const full = rateLimit ? await this.limits.exhausted(webhook.workflow.key, rateLimit) : 0;
    if (full) {
      return refused(endpoint.rateLimited(full));
    }
    const declared = Number(req.headers['content-length'] ?? 0);
    const early = shutOut() ?? judge.checkHead(head, declared);
    if (early) {
      return refused(early, undefined, declared);
    }
    const body = await readBody(req, judge.limit, this.largeBodies);
    if (body === 'tooLarge') {
      return refused(endpoint.tooLarge(), undefined, judge.limit + 1);
    }
    if (body === 'incomplete') {
      return req.destroyed && !ctx.res.writable ? undefined : refused(refuse('incomplete'));
    }
    // Others from the same address may have failed while this body came.
    const late = shutOut();
    if (late) {
      return refused(late, body);
    }
    if (this.stopping) {
      return refuse('stopping');
    }
    const encoded = req.headers['content-encoding'] !== undefined;
    const judged = await judgeWith(this.judges, webhook, judge, head, body, encoded);
    if (typeof judged === 'string') {
      this.largeBodies.giveBack(body);
      return refuse(judged);
    }
    if (!('context' in judged)) {
      return refused(judged, body);
    }
    // A refusal may be kept with its body, and an upload holds the files.
    if (!judged.upload) {
      this.largeBodies.giveBack(body);
    }
    const acknowledged = (reply: Reply) =>
      judge.acknowledges ? endpoint.acknowledge(reply, judged.secret, randomBytes(16)) : reply;
    if (judged.question) {
      return acknowledged(native().buildReply('{}'));
    }
    const over = rateLimit ? await this.limits.take(webhook.workflow.key, rateLimit) : 0;
    if (over) {
      return refused(endpoint.rateLimited(over));
    }
    const reply = await this.takeOver(webhook, judged, ctx);
    return acknowledged(reply.code === 'UNSTORABLE' ? refused(reply) : reply);
  }

  private async takeOver(webhook: WebhookEndpoint, judged: Event, ctx: Context): Promise<Reply> {
    const event = eventOf(webhook, judged);
    return judged.upload
      ? this.deliverWithFiles(webhook, event, judged.upload, ctx)
      : this.deliver(webhook, event, ctx);
  }

  private async deliver(webhook: WebhookEndpoint, event: WebhookEvent, ctx: Context): Promise<Reply> {
    if (webhook.sync) {
      return this.dispatch.run(event, ctx);
    }
    try {
      return await this.dispatch.store(event, webhook.answer);
    } catch (error) {
      return refusedFor('misconfigured', error);
    }
  }

  /** Keeps the files first, and removes them again unless an execution comes of the event. */
  private async deliverWithFiles(
    webhook: WebhookEndpoint,
    { workflow, eventKey = randomUUID() }: WebhookEvent,
    upload: Upload,
    ctx: Context,
  ): Promise<Reply> {
    let files;
    try {
      files = await this.files.keep(upload);
    } catch (error) {
      if (error instanceof FilesMisconfigured) {
        return refusedFor('misconfigured', error);
      }
      const { kind, reason } = describe(error);
      if (kind === 'refused') {
        return unstorable(`the record of a file: ${reason}`);
      }
      return refusedFor('filesNotKept', error);
    }
    if (!('records' in files)) {
      return files;
    }
    const { records, discard } = files;
    const context = upload.context(records);
    if (typeof context !== 'string') {
      await discard();
      return context;
    }
    const event: UndoableEvent = { workflow, eventKey, context, undoable: true };
    try {
      return await this.deliver(webhook, event, ctx);
    } finally {
      await this.dispatch.unlessTaken(event, discard);
    }
  }
}

// With the reason for the owner's log, which has a line for few of many requests.
function refusedFor(refusal: 'misconfigured' | 'filesNotKept', error: unknown): Reply {
  const reason = error instanceof Error ? error.message : String(error);
  return refusal === 'misconfigured'
    ? { ...refuse(refusal), reason }
    : { ...refuse('notStored'), reason: `its files could not be kept: ${reason}` };
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
