import type { IncomingMessage } from 'node:http';
import type { Judge } from './Endpoints';
import { calledUrl } from './http/url';
import type { Event, Reply } from './native';

/** From this size on a body is judged off the main thread: below, the way there costs more than the work. */
const OFF_THREAD_BYTES = 64 * 1024;

/**
 * Hands a request to the core.
 *
 * @param path what stands behind the key
 */
export function judgeWith(
  judge: Judge,
  req: IncomingMessage,
  path: string,
  body: Buffer,
): Event | Reply | Promise<Event | Reply> {
  const { endpoint } = judge;
  const { method, url, peer, headers } = requestOf(judge, req, path);
  return body.length >= OFF_THREAD_BYTES || req.headers['content-encoding'] !== undefined
    ? endpoint.judgeOffThread(method, path, url, peer, headers, body)
    : endpoint.judge(method, path, url, peer, headers, body);
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
    const name = rawHeaders[i].toLowerCase();
    if (names.includes(name)) {
      picked.push(name, rawHeaders[i + 1]);
    }
  }
  return picked;
}
