import type { IncomingMessage } from 'node:http';
import type { Judge } from './Endpoints';
import type { Event, Reply } from './native';

/** From this size on a body is judged off the main thread: below, the way there costs more than the work. */
const OFF_THREAD_BYTES = 64 * 1024;

/**
 * Hands a request to the core.
 *
 * @param path what stands behind the key
 */
export function judgeWith(
  { endpoint, headerNames }: Judge,
  req: IncomingMessage,
  path: string,
  body: Buffer,
): Event | Reply | Promise<Event | Reply> {
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
