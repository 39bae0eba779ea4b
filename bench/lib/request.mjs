/** Creates requests as Node's HTTP server passes them to its listeners. */
import { createServer, request } from 'node:http';

/** Headers that senders and proxies typically add. */
const USUAL = {
  accept: '*/*',
  'accept-encoding': 'gzip',
  'user-agent': 'sender/1.0',
  'x-event-id': 'c3b2a1f0-72d3-11ee-8d5b-1f3c9a2b7e10',
  'x-event-type': 'push',
  'x-forwarded-for': '192.0.2.7',
  'x-forwarded-proto': 'https',
  'x-request-id': '6f1e0c1d5b7a4f6f9d1c',
};

/**
 * Sends a body to a local server, and returns the request that arrived there.
 *
 * @param {string} path including the query
 * @param {Record<string, string>} headers in addition to the usual ones
 * @param {Buffer} body
 * @returns {Promise<import('node:http').IncomingMessage>}
 */
export async function arrived(path, headers, body) {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await new Promise((resolve, reject) => {
      server.once('request', (req, res) => {
        req.resume().once('end', () => res.end());
        resolve(req);
      });
      const options = { port: server.address().port, host: '127.0.0.1', path, method: 'POST', agent: false };
      const sent = request({ ...options, headers: { ...USUAL, ...headers, 'content-length': body.length } });
      sent.once('error', reject);
      sent.once('response', (response) => response.resume());
      sent.end(body);
    });
  } finally {
    server.close();
  }
}
