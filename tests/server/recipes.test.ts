// The ways of installing in docs/operate.md besides an upload, which install.test.ts follows.
import { afterEach, expect, it, vi } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { unpackPlugin } from '../../scripts/lib/nocobase.mjs';
import { bootApp, createWorkflow, type App } from '../support/app';
import { waitFor } from '../support/wait';
import { enable, install, listed, packPlugin } from './plugins';

// Each test installs a NocoBase.
vi.setConfig({ testTimeout: 240_000 });

let app: App | undefined;
afterEach(() => app?.remove());

async function post(url: string, body: unknown = {}, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });
  return [response.status, await response.text()];
}

it('is built in and enabled by the installation in a derived image with APPEND_PRESET_BUILT_IN_PLUGINS', async () => {
  const env = { APPEND_PRESET_BUILT_IN_PLUGINS: packageJson.name };
  app = await bootApp({ withPlugin: false, inImage: true, env });
  expect(await listed(app, packageJson.name)).toMatchObject({ enabled: true, builtIn: true });
  const { url } = await createWorkflow(app, { title: 'built in', config: { response: { body: 'built in' } } });
  expect(await post(url)).toEqual([200, 'built in']);
  await app.restart();
  expect(await post(url)).toEqual([200, 'built in']);
});

/** What the commercial plugin stores, by the published schema: every field that it has. */
const COMMERCIAL = {
  basicAuthentication: { username: 'sender', password: 'pa:ss' },
  request: {
    headers: [{ key: 'x-event' }],
    query: [{ key: 'order.id', alias: 'Order', _var: 'query_$0' }],
    body: [{ key: 'data.id', alias: 'Id', _var: 'body_$0' }, { key: 'items[].sku' }],
  },
  response: {
    statusCode: 201,
    headers: [{ name: 'X-Id', value: '{{$context.body.body_$0}}' }],
    body: { id: '{{$context.body.body_$0}}', order: '{{$context.query.query_$0}}' },
  },
};

/** A plugin with the commercial one's types, which stores a configuration as it is. */
const STAND_IN = `const { Plugin } = require('@nocobase/server');
  module.exports = class extends Plugin {
    async load() {
      const workflow = this.app.pm.get('workflow');
      workflow.registerTrigger('webhook', { on() {}, off() {}, validateEvent: () => true });
      workflow.registerInstruction('response', { run: () => null });
    }
  };`;

it('is unpacked while NocoBase is stopped, and uses the workflows of the commercial plugin unchanged', async () => {
  app = await bootApp({ withPlugin: false });
  await install(app, 'test-plugin-stand-in', packPlugin(app, 'test-plugin-stand-in', STAND_IN));
  const sender = await createWorkflow(app, { title: 'asynchronous', config: COMMERCIAL });
  const responding = await createWorkflow(app, {
    title: 'synchronous',
    sync: true,
    config: { basicAuthentication: false, request: { headers: [], query: [], body: [] } },
    nodes: [{ type: 'response', config: { statusCode: 203, headers: [], body: '{{$context.body.a}}' } }],
  });
  const stored = 'workflows:list?sort=id&fields=id,key,config,enabled,sync&appends=nodes';
  const before = await app.api('GET', stored);
  await app.api('POST', 'pm:disable?filterByTk=test-plugin-stand-in&awaitResponse=true');
  await waitFor(
    'the disabled plugin',
    async () => (await listed(app as App, 'test-plugin-stand-in'))?.enabled === false,
  );

  await app.stop();
  await unpackPlugin(app.plugins);
  await app.start();
  await app.login();
  await enable(app, packageJson.name);

  expect(await app.api('GET', stored)).toEqual(before);
  expect((await post(sender.url))[0]).toBe(401);
  const authorization = `Basic ${Buffer.from('sender:pa:ss').toString('base64')}`;
  const body = { data: { id: 7 }, items: [{ sku: 'a' }, { sku: 'b' }] };
  const answer = await post(`${sender.url}?order[id]=9`, body, { authorization, 'x-event': 'paid' });
  expect(answer).toEqual([201, '{"id":7,"order":"9"}']);
  expect(await post(responding.url, { a: 'synchronous' })).toEqual([203, 'synchronous']);
});
