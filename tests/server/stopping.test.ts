import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { availableParallelism } from 'node:os';
import { expect, it } from 'vitest';
import { bootApp, createWorkflow } from '../support/app';

const SECRET = 'the last one tried';

/** A webhook that computes sixteen signatures of each body: 64 MB take a judge seconds. */
const github = { preset: 'github', secrets: ['a', 'b', 'c', SECRET] };
const config = { authentication: [github, github, github, github] };

/** As many bodies as are judged at a time, and two that wait. */
const BODIES = Math.max(1, availableParallelism() - 1) + 2;

it('ends within seconds of SIGTERM while large bodies are judged and wait for a judge, and answers them 503', async () => {
  const app = await bootApp({ env: { REQUEST_BODY_LIMIT: '64mb' } });
  try {
    const { url } = await createWorkflow(app, { title: 'large', config });
    const body = Buffer.from(JSON.stringify('x'.repeat(60e6)));
    const headers = {
      'content-type': 'application/json',
      'content-length': body.length,
      'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
    };
    const responses = await Promise.all(
      Array.from({ length: BODIES }, async () => {
        const call = request(url, { method: 'POST', headers });
        const response = once(call, 'response') as Promise<[IncomingMessage]>;
        call.end(body);
        await once(call, 'finish');
        return { response };
      }),
    );
    await app.stop({ timeout: 15_000 });
    for (const { response } of responses) {
      const [{ statusCode, headers }] = await response;
      expect([statusCode, headers['retry-after']]).toEqual([503, expect.any(String)]);
    }
  } finally {
    await app.remove();
  }
});
