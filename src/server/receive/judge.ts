import type { IncomingMessage } from 'node:http';
import type { CompiledEndpoint } from '../endpoints/CompiledEndpoint';
import type { WebhookEndpoint } from '../endpoints/Endpoints';
import { urlHere } from '../http/url';
import type { JudgingQueue, NotJudged } from './JudgingQueue';
import type { Body, Verdict } from '../native';

/** Bodies of this size and larger are judged off the main thread: for smaller ones, getting there costs more than the work. */
const OFF_THREAD_BYTES = 64 * 1024;

/**
 * Returns what the core reads of a request except its body, in the addon's form.
 *
 * @param path what follows the key
 */
export function headOf({ headerNames, signsUrl }: CompiledEndpoint, req: IncomingMessage, path: string): string {
  const headers = headerNames ? pick(req.rawHeaders, headerNames) : req.rawHeaders;
  // One string costs less than twenty. A line break in one of the texts would make more lines than the last one says.
  let head = `${req.method}\n${path}\n${signsUrl ? urlOf(req) : req.url}\n${req.socket.remoteAddress ?? ''}`;
  for (let i = 0; i < headers.length; i++) {
    head += `\n${headers[i]}`;
  }
  return `${head}\n${headers.length / 2}`;
}

/**
 * Judges a request: small ones at once, others in the queue.
 *
 * @param webhook the webhook that the request is for
 * @param encoded whether the body has to be inflated
 */
export function judgeWith(
  queue: JudgingQueue,
  webhook: WebhookEndpoint,
  compiled: CompiledEndpoint,
  head: string,
  body: Buffer | Body,
  encoded: boolean,
): Verdict | Promise<Verdict | NotJudged> {
  if (!Buffer.isBuffer(body) || body.length >= OFF_THREAD_BYTES || encoded || compiled.checksPublicKeys) {
    return queue.run<Verdict>(webhook, body.length, (done) => {
      compiled.endpoint.judgeOffThread(head, body).then(
        (judged) => done(null, judged),
        (error: Error) => done(error, undefined as never),
      );
    });
  }
  const judged = compiled.judge(head, body);
  return typeof judged === 'string' ? { kind: 'event', context: judged } : judged;
}

/** Returns what a diagnosis reads of a request except its body. */
export function requestOf({ headerNames }: CompiledEndpoint, req: IncomingMessage, path: string) {
  return {
    method: req.method ?? '',
    path,
    url: urlOf(req),
    address: req.socket.remoteAddress ?? '',
    headers: headerNames ? pick(req.rawHeaders, headerNames) : req.rawHeaders,
  };
}

function urlOf(req: IncomingMessage & { originalUrl?: string }): string {
  const { headers, socket, url = '' } = req;
  const encrypted = 'encrypted' in socket && Boolean(socket.encrypted);
  // NocoBase's gateway removes the app's name from the path of a sub-app's request.
  return urlHere(encrypted, headers.host ?? '', req.originalUrl ?? url);
}

// Unless the workflow gets all headers, only those that are read cross to the addon: passing all costs more than judging.
function pick(rawHeaders: string[], names: string[]): string[] {
  const picked: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = known(names, rawHeaders[i]);
    if (name !== undefined) {
      picked.push(name, rawHeaders[i + 1]);
    }
  }
  return picked;
}

function known(names: string[], raw: string): string | undefined {
  for (const name of names) {
    // Most are skipped by their length or first letter, before they are lower-cased.
    if (name.length === raw.length && (name === raw || (sameFirst(name, raw) && name === raw.toLowerCase()))) {
      return name;
    }
  }
  return undefined;
}

// The bit that upper-case letters lack.
function sameFirst(a: string, b: string): boolean {
  return (a.charCodeAt(0) | 0x20) === (b.charCodeAt(0) | 0x20);
}
