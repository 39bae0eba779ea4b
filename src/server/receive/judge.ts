import type { IncomingMessage } from 'node:http';
import type { Judge, WebhookEndpoint } from '../endpoints/Endpoints';
import { calledUrl } from '../http/url';
import type { Judges, NotJudged } from './JudgingQueue';
import type { Body, Event, Reply } from '../native';

/** From this size on a body is judged off the main thread: below, the way there costs more than the work. */
const OFF_THREAD_BYTES = 64 * 1024;

/**
 * What the core looks at of a request, but for its body, in the addon's form.
 *
 * @param path what stands behind the key
 */
export function headOf({ headerNames, signsUrl }: Judge, req: IncomingMessage, path: string): string {
  const headers = pick(req.rawHeaders, headerNames);
  // One string costs less than twenty. A line break in one of the texts would make more lines than the last one says.
  let head = `${req.method}\n${path}\n${signsUrl ? urlOf(req) : req.url}\n${req.socket.remoteAddress ?? ''}`;
  for (let i = 0; i < headers.length; i++) {
    head += `\n${headers[i]}`;
  }
  return `${head}\n${headers.length / 2}`;
}

/**
 * Hands a request to the core.
 *
 * @param judges judge large bodies
 * @param webhook the one it is for
 * @param encoded whether the body has to be inflated
 */
export function judgeWith(
  judges: Judges,
  webhook: WebhookEndpoint,
  judge: Judge,
  head: string,
  body: Buffer | Body,
  encoded: boolean,
): Event | Reply | Promise<Event | Reply | NotJudged> {
  if (!Buffer.isBuffer(body) || body.length >= OFF_THREAD_BYTES || encoded) {
    return judges.run<Event | Reply>(webhook, body.length, (done) => {
      judge.endpoint.judgeOffThread(head, body).then(
        (judged) => done(null, judged),
        (error: Error) => done(error, undefined as never),
      );
    });
  }
  const judged = judge.judge(head, body);
  return typeof judged === 'string' ? { context: judged, question: false } : judged;
}

/** What a diagnosis looks at of a request, but for its body. */
export function requestOf({ headerNames }: Judge, req: IncomingMessage, path: string) {
  return {
    method: req.method ?? '',
    path,
    url: urlOf(req),
    peer: req.socket.remoteAddress ?? '',
    headers: pick(req.rawHeaders, headerNames),
  };
}

function urlOf({ headers, socket, url = '' }: IncomingMessage): string {
  const encrypted = 'encrypted' in socket && Boolean(socket.encrypted);
  return calledUrl((name) => String(headers[name] ?? ''), encrypted, url);
}

// Only the headers that are looked at cross to the addon: handing over all of them costs more than judging.
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
    // Most are passed over by their length or first letter, before they are lower-cased.
    if (name.length === raw.length && (name === raw || (sameFirst(name, raw) && name === raw.toLowerCase()))) {
      return name;
    }
  }
  return undefined;
}

// The bit is what upper case lacks.
function sameFirst(a: string, b: string): boolean {
  return (a.charCodeAt(0) | 0x20) === (b.charCodeAt(0) | 0x20);
}
