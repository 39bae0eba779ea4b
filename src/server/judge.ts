import type { IncomingMessage } from 'node:http';
import { availableParallelism } from 'node:os';
import { Semaphore } from 'async-mutex';
import type { Judge } from './Endpoints';
import { calledUrl } from './http/url';
import type { Event, Reply } from './native';

/** From this size on a body is judged off the main thread: below, the way there costs more than the work. */
const OFF_THREAD_BYTES = 64 * 1024;

/**
 * Bodies that are judged off the main thread at a time. One processor is left to the main thread: it has to go on answering,
 * and more judges than processors are no faster. The processors are the process's, so all apps in it share this.
 */
const judges = new Semaphore(Math.max(1, availableParallelism() - 1));

/**
 * What the core looks at of a request, but for its body, in the addon's form.
 *
 * @param path what stands behind the key
 */
export function headOf(judge: Judge, req: IncomingMessage, path: string): string {
  const { method, url, peer, headers } = requestOf(judge, req, path);
  // One string costs less than twenty. A line break in one of the texts would make more lines than the last one says.
  let head = `${method}\n${path}\n${url}\n${peer}`;
  for (let i = 0; i < headers.length; i++) {
    head += `\n${headers[i]}`;
  }
  return `${head}\n${headers.length / 2}`;
}

/** Hands a request to the core; `encoded` is whether its body has to be inflated. */
export function judgeWith(
  judge: Judge,
  head: string,
  body: Buffer,
  encoded: boolean,
): Event | Reply | Promise<Event | Reply> {
  if (body.length >= OFF_THREAD_BYTES || encoded) {
    return judges.runExclusive(() => judge.endpoint.judgeOffThread(head, body));
  }
  const judged = judge.judge(head, body);
  return typeof judged === 'string' ? { context: judged, question: false } : judged;
}

/** What the core looks at of a request, but for its body. */
export function requestOf({ headerNames }: Judge, req: IncomingMessage, path: string) {
  const { headers, socket, url = '' } = req;
  const encrypted = 'encrypted' in socket && Boolean(socket.encrypted);
  return {
    method: req.method ?? '',
    path,
    url: calledUrl((name) => String(headers[name] ?? ''), encrypted, url),
    peer: socket.remoteAddress ?? '',
    headers: pick(req.rawHeaders, headerNames),
  };
}

// Only the headers that are looked at cross to the addon: handing over all of them costs more than judging.
function pick(rawHeaders: string[], names: string[]): string[] {
  const picked: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const raw = rawHeaders[i];
    // Most are passed over by their length, before they are lower-cased.
    const name = names.find((known) => known.length === raw.length && (known === raw || known === raw.toLowerCase()));
    if (name !== undefined) {
      picked.push(name, rawHeaders[i + 1]);
    }
  }
  return picked;
}
