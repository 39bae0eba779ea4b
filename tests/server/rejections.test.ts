import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type App, bootApp } from '../support/app';
import { waitFor } from '../support/wait';
import { createWorkflow } from './support';

let app: App;
beforeAll(async () => {
  app = await bootApp();
});
afterAll(() => app.remove());

it('logs at most ten rejections a second and the number of the others, without secrets', async () => {
  const password = 'hunter2-is-no-password';
  const { key } = await createWorkflow(app, { config: { basicAuthentication: { username: 'u', password } } });
  const headers = { authorization: `Basic ${Buffer.from(`u:wrong-${password}`).toString('base64')}` };
  // NocoBase itself has logged the configuration when it was saved.
  const before = app.logs().length;
  const began = Date.now();
  const send = async () => (await app.fetch(`webhook:trigger/${key}`, { method: 'POST', headers })).status;
  // An address that has failed that often gets 429, which is logged too.
  expect(new Set(await Promise.all(Array.from({ length: 200 }, send)))).toEqual(new Set([401, 429]));
  const seconds = Math.ceil((Date.now() - began) / 1000) + 1;
  const lines = () => app.logs().slice(before).split('\n');
  // The next second's first rejection logs how many had no line.
  await sleep(1100);
  const own = lines().filter((line) => /webhook request rejected: (401 UNAUTHORIZED|429 TOO_MANY_FAILURES)/.test(line));
  expect(own.length).toBeGreaterThanOrEqual(10);
  expect(own.length).toBeLessThanOrEqual(10 * seconds);
  expect(own.every((line) => line.includes(key))).toBe(true);
  await send();
  const omitted = () =>
    lines()
      .map((line) => line.match(/rejected without a line of their own: (\d+)/)?.[1])
      .reduce((sum, count) => sum + Number(count ?? 0), 0);
  await waitFor('the log to account for all of them', async () => own.length + omitted() === 200);
  expect(lines().filter((line) => line.includes(password) || line.includes(headers.authorization))).toEqual([]);
});

it('logs at most ten lines a second of a misconfigured webhook, which say why', async () => {
  const authentication = [{ preset: 'gitlab-token', secrets: ['{{$env.NO_SUCH_TOKEN}}'] }];
  const { key } = await createWorkflow(app, { config: { authentication } });
  const before = app.logs().length;
  const began = Date.now();
  const send = async () => (await app.fetch(`webhook:trigger/${key}`, { method: 'POST' })).status;
  expect(new Set(await Promise.all(Array.from({ length: 100 }, send)))).toEqual(new Set([500]));
  const seconds = Math.ceil((Date.now() - began) / 1000) + 1;
  await sleep(1100);
  const lines = app.logs().slice(before).split('\n');
  const own = lines.filter((line) => line.includes('webhook request rejected: 500 WEBHOOK_MISCONFIGURED'));
  expect(own.length).toBeGreaterThanOrEqual(1);
  expect(own.length).toBeLessThanOrEqual(10 * seconds);
  expect(own.every((line) => line.includes('{{$env.NO_SUCH_TOKEN}}') && line.includes(key))).toBe(true);
});
