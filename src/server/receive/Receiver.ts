import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Context } from '@nocobase/actions';
import type { DeliveryResult } from '../../common/delivery';
import type { AcceptedEvents } from '../AcceptedEvents';
import type { Activation } from '../endpoints/Activation';
import type { CompiledEndpoint } from '../endpoints/CompiledEndpoint';
import type { Endpoints, WebhookEndpoint } from '../endpoints/Endpoints';
import { MOST_CONTENT_TYPE, MOST_PATH, type Recorded } from '../deliveries/delivery';
import type { Journal } from '../deliveries/Journal';
import { laneOf, SEQUENCE } from '../execute/lanes';
import type { Address } from '../http/address';
import { LargeBodies } from '../http/large';
import { arrivedBody, readBody, type ReadFailure } from '../http/read';
import {
  type Body,
  type DiagnosedRequest,
  type Event,
  native,
  rejection,
  type Reply,
  unstorable,
  type Upload,
} from '../native';
import type { UndoableEvent, WebhookEvent } from '../store/events';
import { describeFailure } from '../store/failures';
import type { FailedAuthentications } from './FailedAuthentications';
import { FilesMisconfigured, type FileUploads } from './FileUploads';
import { headOf, judgeWith, requestOf } from './judge';
import type { JudgingQueue } from './JudgingQueue';
import type { LeniencyLog } from './LeniencyLog';
import type { RateLimits } from './RateLimits';
import type { RejectionChecks } from './RejectionChecks';
import type { RejectionLog, Sender } from './RejectionLog';
import { withRequest } from './requestVariables';

const UNAUTHORIZED = 401;

/** What a receiver works with. */
interface Parts {
  endpoints: Endpoints;
  activation: Activation;
  judging: JudgingQueue;
  files: FileUploads;
  rateLimits: RateLimits;
  failures: FailedAuthentications;
  checks: RejectionChecks;
  journal: Journal;
  log: RejectionLog;
  leniencies: LeniencyLog;
  events: AcceptedEvents;
}

/** A request, and what is known of it so far. */
interface Arrival extends Sender {
  ctx: Context;
  at: Date;
  /** By `performance.now()`: the clock may be set. */
  began: number;
  path: string;
  /** Bytes of the body. */
  size?: number;
  webhook?: WebhookEndpoint;
  /** Returns a rejected request, to be diagnosed, and what it was judged by. */
  rejected?: { compiled: CompiledEndpoint; request: () => DiagnosedRequest };
  /** What is recorded of it with its event. */
  event?: Recorded;
  leniency?: string;
}

/** Takes each request from its key to its reply. Decides nothing itself: the core judges, and `AcceptedEvents` stores and executes. */
export class Receiver {
  private stopping = false;
  private readonly largeBodies = new LargeBodies();

  constructor(private readonly parts: Parts) {}

  /** Judges nothing any more, including requests that have arrived already: their senders may send them again. */
  stop(): void {
    this.stopping = true;
    this.parts.judging.stop();
    this.parts.checks.stop();
  }

  /** Returns the reply to a request, or `undefined` if the client has disconnected. Logs rejections. */
  async receive(ctx: Context, address: Address): Promise<Reply | undefined> {
    const arrival: Arrival = {
      ctx,
      at: new Date(),
      began: performance.now(),
      path: address.path,
      address: () => ctx.req.socket.remoteAddress ?? '',
    };
    const reply = await this.reply(address.key, arrival);
    if (reply) {
      this.parts.log.note(reply, arrival);
      this.record(arrival, reply);
    }
    return reply;
  }

  /** Records a request that is answered now. */
  private record(arrival: Arrival, reply: Reply): void {
    const { ctx, event, webhook, rejected } = arrival;
    if (!webhook) {
      return;
    }
    const { checks, journal } = this.parts;
    const durationMs = Math.round(performance.now() - arrival.began);
    const answered = { status: reply.status, durationMs, aborted: ctx.res.destroyed || undefined };
    if (event?.isStored) {
      // An asynchronous one is stored with the status that it is answered with.
      const isComplete = event.durationMs !== undefined && event.status === reply.status && !answered.aborted;
      if (!isComplete) {
        journal.change(event, answered);
      }
      return;
    }
    const result: DeliveryResult =
      event?.result === 'duplicate' ? 'duplicate' : reply.code === undefined ? 'verification' : 'rejected';
    const kind = { workflowKey: webhook.workflow.key, result, code: reply.code };
    const recorded = journal.record(kind, () => ({
      ...deliveryOf(arrival, webhook),
      ...answered,
      ...(result === 'duplicate' ? { executionId: event?.executionId } : {}),
    }));
    if (recorded && rejected) {
      const found = (checks: string) => journal.change(recorded, { checks });
      checks.diagnose(webhook, rejected.compiled, reply, rejected.request, found);
    }
  }

  private async reply(key: string, arrival: Arrival): Promise<Reply | undefined> {
    const { ctx, path } = arrival;
    const { endpoints, activation, failures, rateLimits, journal } = this.parts;
    if (this.stopping) {
      return rejection('stopping');
    }
    const webhook = endpoints.get(key) ?? (await activation.find(key));
    if (!webhook) {
      return rejection('notFound');
    }
    if (webhook === 'inDoubt') {
      return rejection('notStored');
    }
    arrival.workflow = webhook.workflow;
    if (!journal.isOpen) {
      return rejection('notStored');
    }
    arrival.webhook = webhook;
    let compiled: CompiledEndpoint;
    try {
      compiled = webhook.compiled();
    } catch (error) {
      return rejectionFor('misconfigured', error);
    }
    const { req } = ctx;
    const { endpoint } = compiled;
    const head = headOf(compiled, req, path);
    const address = () => endpoint.clientAddress(head) ?? req.socket.remoteAddress ?? '';
    arrival.address = address;
    const rejected = (reply: Reply, body?: Buffer | Body, unreadBytes?: number): Reply => {
      if (reply.status === UNAUTHORIZED) {
        failures.note(webhook.workflow.key, address());
      }
      arrival.rejected = { compiled, request: () => ({ ...requestOf(compiled, req, path), body, unreadBytes }) };
      return reply;
    };
    const tooManyFailures = () => {
      const wait = failures.wait(webhook.workflow.key, address);
      return wait ? endpoint.tooManyFailures(wait) : undefined;
    };
    // Before any check. It counts accepted events, below.
    const { rateLimit } = compiled;
    const full = rateLimit ? await rateLimits.exhausted(webhook.workflow.key, rateLimit) : 0;
    if (full) {
      return rejected(endpoint.rateLimited(full));
    }
    const declared = Number(req.headers['content-length'] ?? 0);
    arrival.size = declared;
    const failed = tooManyFailures();
    if (failed) {
      return rejected(failed, undefined, declared);
    }
    let body: Buffer | Body | ReadFailure | undefined = arrivedBody(req);
    if (!body) {
      // Nobody without credentials makes the server wait for a body.
      const early = compiled.checkHead(head, declared);
      if (early) {
        return rejected(early, undefined, declared);
      }
      body = await readBody(req, compiled.limit, this.largeBodies);
      if (body === 'tooLarge') {
        return rejected(endpoint.tooLarge(), undefined, compiled.limit + 1);
      }
      if (body === 'incomplete') {
        return req.destroyed && !ctx.res.writable ? undefined : rejected(rejection('incomplete'));
      }
      // Others from the same address may have failed while this body arrived.
      const late = tooManyFailures();
      if (late) {
        return rejected(late, body);
      }
    }
    arrival.size = body.length;
    if (this.stopping) {
      return rejection('stopping');
    }
    const encoded = req.headers['content-encoding'] !== undefined;
    const judged = await judgeWith(this.parts.judging, webhook, compiled, head, body, encoded);
    if (typeof judged === 'string') {
      this.largeBodies.giveBack(body);
      return rejection(judged);
    }
    if (judged.kind === 'rejection') {
      return rejected(judged, body);
    }
    // A rejection may be kept with its body, and an upload contains the files.
    if (judged.kind !== 'event' || !judged.upload) {
      this.largeBodies.giveBack(body);
    }
    if (judged.kind === 'verification') {
      return judged.reply;
    }
    const acknowledged = (reply: Reply) =>
      compiled.acknowledges ? endpoint.acknowledge(reply, judged.secret, randomBytes(16)) : reply;
    if (judged.kind === 'acknowledge') {
      return acknowledged(native().buildReply('{}'));
    }
    const over = rateLimit ? await rateLimits.take(webhook.workflow.key, rateLimit) : 0;
    if (over) {
      return rejected(endpoint.rateLimited(over));
    }
    if (judged.leniency !== undefined) {
      arrival.leniency = judged.leniency;
      this.parts.leniencies.note(judged.leniency, arrival);
    }
    const reply = await this.accept(webhook, compiled, judged, arrival);
    return acknowledged(reply.code === 'UNSTORABLE' ? rejected(reply) : reply);
  }

  private async accept(
    webhook: WebhookEndpoint,
    compiled: CompiledEndpoint,
    judged: Event,
    arrival: Arrival,
  ): Promise<Reply> {
    const { ctx, at } = arrival;
    const eventKey = eventKeyOf(webhook, judged);
    const eventWith = (variables: string): WebhookEvent => {
      const id = this.parts.journal.nextId();
      const request = deliveryOf(arrival, webhook);
      const delivery = { ...request, id, executionId: id, result: 'accepted' as const };
      arrival.event = delivery;
      const { method, ip } = request;
      const context = withRequest(variables, { id, method, path: arrival.path, ip, receivedAt: at });
      // A synchronous event waits for a turn, not in a lane.
      const lane = webhook.sync ? SEQUENCE : laneOf(compiled, context);
      return { workflow: webhook.workflow, eventKey, context, lane, delivery };
    };
    return judged.upload
      ? this.takeOverWithFiles(webhook, eventWith, judged.upload, ctx)
      : this.takeOver(webhook, eventWith(judged.context), ctx);
  }

  private async takeOver(webhook: WebhookEndpoint, event: WebhookEvent, ctx: Context): Promise<Reply> {
    if (webhook.sync) {
      return this.parts.events.run(event, ctx);
    }
    try {
      return await this.parts.events.store(event, webhook.respond);
    } catch (error) {
      return rejectionFor('misconfigured', error);
    }
  }

  /** Saves the files first, and deletes them again unless the event gets an execution. */
  private async takeOverWithFiles(
    webhook: WebhookEndpoint,
    eventWith: (variables: string) => WebhookEvent,
    upload: Upload,
    ctx: Context,
  ): Promise<Reply> {
    let files;
    try {
      files = await this.parts.files.save(upload);
    } catch (error) {
      if (error instanceof FilesMisconfigured) {
        return rejectionFor('misconfigured', error);
      }
      const { kind, reason } = describeFailure(error);
      if (kind === 'rejected') {
        return unstorable(`the record of a file: ${reason}`);
      }
      return rejectionFor('filesNotSaved', error);
    }
    if (!('records' in files)) {
      return files;
    }
    const { records, discard } = files;
    const variables = upload.context(records);
    if (typeof variables !== 'string') {
      await discard();
      return variables;
    }
    const { eventKey = randomUUID(), ...made } = eventWith(variables);
    const event: UndoableEvent = { ...made, eventKey, undoable: true };
    try {
      return await this.takeOver(webhook, event, ctx);
    } finally {
      await this.parts.events.undoUnlessStored(event, discard);
    }
  }
}

/** Returns what a delivery says of a request for a webhook. */
function deliveryOf({ ctx: { req }, at, path, address, size, leniency }: Arrival, { workflow }: WebhookEndpoint) {
  return {
    workflowKey: workflow.key,
    workflowId: String(workflow.id),
    receivedAt: at,
    method: req.method as string,
    path: path.slice(0, MOST_PATH),
    ip: address(),
    contentType: req.headers['content-type']?.slice(0, MOST_CONTENT_TYPE),
    size,
    leniency: leniency?.slice(0, MOST_CONTENT_TYPE),
  };
}

/** Returns a rejection with the reason for the owner's log, which limits how many lines many requests get. */
function rejectionFor(problem: 'misconfigured' | 'filesNotSaved', error: unknown): Reply {
  const reason = error instanceof Error ? error.message : String(error);
  return problem === 'misconfigured'
    ? { ...rejection('misconfigured'), reason }
    : { ...rejection('notStored'), reason: `its files could not be saved: ${reason}` };
}

function eventKeyOf({ workflow }: WebhookEndpoint, { idempotencyKey }: Event): string | undefined {
  if (idempotencyKey === undefined) {
    return undefined;
  }
  // Of this workflow alone: two workflows may be sent the same event. A hash, because a key may have any length.
  return createHash('sha256')
    .update(JSON.stringify([workflow.key, idempotencyKey]))
    .digest('hex');
}
