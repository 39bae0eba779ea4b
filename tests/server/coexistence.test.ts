import { describe, expect, it, vi } from 'vitest';
import { name as OURS } from '../../package.json';
import { pack } from '../../scripts/lib/build.mjs';
import { IRRELEVANT } from '../../src/server/nocobase/middlewares';
import { type App, bootApp } from '../support/app';
import { waitFor } from '../support/wait';
import { enable, install, listed, packPlugin } from './plugins';
import { call, createWorkflow, ended, executions, settled } from './support';

// Each test installs apps or plugins, which takes NocoBase long.
vi.setConfig({ testTimeout: 240_000 });

async function using(app: App, run: (app: App) => Promise<void>): Promise<void> {
  try {
    await run(app);
  } finally {
    await app.stop();
  }
}

describe('changed paths', () => {
  it('of the API and of the whole app are respected', async () => {
    const env = { APP_PUBLIC_PATH: '/nb/', API_BASE_PATH: '/rest/' };
    await using(await bootApp({ env }), async (app) => {
      const { key } = await createWorkflow(app);
      expect(app.apiUrl).toMatch(/\/nb\/rest\/$/);
      expect((await call(app, key, { body: {} })).status).toBe(200);
      expect(await ended(app, key)).toHaveLength(1);
    });
  });
});

describe('two apps in one process', () => {
  it('have separate webhooks, each at its own URL', async () => {
    await using(await bootApp({}), async (app) => {
      await app.api('POST', 'pm:enable?filterByTk=multi-app-manager&awaitResponse=true');
      await waitFor('the resource of sub-apps', async () => Boolean(await app.api('GET', 'applications:list')));
      await app.api('POST', 'applications:create', { name: 'sub1', displayName: 'Sub', options: { autoStart: true } });
      const base = '__app/sub1/';
      const minute = 60_000;
      const signIn = await waitFor(
        'the sub-app to run',
        async () => {
          const response = await app.fetch(`${base}auth:signIn`, {
            method: 'POST',
            headers: { 'content-type': 'application/json', 'x-authenticator': 'basic' },
            body: JSON.stringify(app.account),
          });
          return response.ok && ((await response.json()) as { data: { token: string } });
        },
        minute,
      );
      const sub = async <T>(path: string, body?: object): Promise<T> => {
        const response = await app.fetch(base + path, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${signIn.data.token}` },
          body: JSON.stringify(body ?? {}),
        });
        if (!response.ok) {
          throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
        }
        return ((await response.json()) as { data: T }).data;
      };
      await sub(`pm:enable?filterByTk=${OURS}&awaitResponse=true`);
      const config = { response: { body: 'sub' } };
      const own = await waitFor(
        'the plugin in the sub-app',
        () => sub<{ id: string; key: string }>('workflows:create', { title: 't', type: 'webhook', config }),
        minute,
      );
      await sub(`workflows:update?filterByTk=${own.id}`, { enabled: true });
      const main = await createWorkflow(app, { config: { response: { body: 'main' } } });

      const post = async (path: string, headers: Record<string, string> = {}) => {
        const response = await app.fetch(path, { method: 'POST', headers });
        return [response.status, response.ok && (await response.text())];
      };
      expect(await post(`__app/sub1/webhook:trigger/${own.key}`)).toEqual([200, 'sub']);
      // The other ways to tell NocoBase the app of a request.
      const key = `webhook:trigger/${own.key}`;
      expect(await post(`${key}?__appName=sub1`)).toEqual([200, 'sub']);
      expect(await post(key, { 'x-app': 'sub1' })).toEqual([200, 'sub']);
      await app.api('POST', 'applications:update?filterByTk=sub1', { cname: 'sub.example' });
      expect(await post(key, { 'x-hostname': 'sub.example' })).toEqual([200, 'sub']);
      expect(await post(`webhook:trigger/${main.key}`)).toEqual([200, 'main']);
      expect(await post(`webhook:trigger/${own.key}`)).toEqual([404, false]);
      expect(await post(`__app/sub1/webhook:trigger/${main.key}`)).toEqual([404, false]);
    });
  });
});

describe('another plugin', () => {
  it('sees webhook requests in its own middlewares, and keeps the trigger type "webhook" if it has registered it', async () => {
    await using(await bootApp({ withPlugin: false }), async (app) => {
      await install(app, OURS, (await pack()).file);
      const watcher = packPlugin(
        app,
        'test-plugin-middleware',
        `const { Gateway, Plugin } = require('@nocobase/server');
         module.exports = class extends Plugin {
           async load() {
             this.app.use(async (ctx, next) => {
               if (ctx.get('x-add')) {
                 Gateway.getInstance().use(async ({ res }, then) => {
                   res.setHeader('x-gateway', 'seen');
                   await then();
                 });
               }
               await next();
               ctx.set('x-seen', ctx.path + ' ' + ctx.status);
             }, { before: 'bodyParser' });
             this.app.use(async (ctx, next) => {
               const tags = this.app.middleware._items.map(({ group, node }) => (group === '?' ? node.name : group));
               ctx.set('x-middlewares', tags.join());
               ctx.set('x-language', ctx.i18n.language);
               await next();
             }, { after: 'dataWrapping', before: 'dataSource' });
             this.app.use(async (ctx, next) => (ctx.get('x-block') ? ctx.throw(403) : next()), {
               after: 'dataWrapping',
               before: 'dataSource',
             });
           }
         };`,
      );
      await install(app, 'test-plugin-middleware', watcher);
      const { key } = await createWorkflow(app);
      const response = await call(app, key, { body: {} });
      expect(response.headers.get('x-seen')).toBe(`/api/webhook:trigger/${key} 200`);
      expect((await call(app, key, { body: {}, headers: { 'x-block': '1' } })).status).toBe(403);

      const { headers } = await call(app, key, {
        body: {},
        headers: { origin: 'http://a.example', 'x-locale': 'de-DE' },
      });
      expect(headers.get('x-language')).toBe('de-DE');
      expect(headers.get('access-control-allow-origin')).toBe('http://a.example');
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
      // A tag that NocoBase doesn't have any more would be skipped in vain.
      expect(headers.get('x-middlewares')?.split(',')).toEqual(expect.arrayContaining([...IRRELEVANT]));

      await call(app, key, { body: {}, headers: { 'x-block': '1', 'x-add': '1' } });
      const next = await call(app, key, { body: {}, headers: { 'x-block': '1' } });
      expect([next.headers.get('x-gateway'), next.status]).toEqual(['seen', 403]);

      const squatter = packPlugin(
        app,
        'test-plugin-squatter',
        `const { Plugin } = require('@nocobase/server');
         module.exports = class extends Plugin {
           async load() {
             this.app.pm.get('workflow').registerTrigger('webhook', { on() {}, off() {}, validateEvent: () => true });
           }
         };`,
      );
      await settled(app);
      // NocoBase enables no plugin whose types are taken, so the other one has to come first.
      await app.api('POST', `pm:disable?filterByTk=${OURS}&awaitResponse=true`);
      await waitFor('this plugin to be disabled', async () => (await listed(app, OURS))?.enabled === false);
      await install(app, 'test-plugin-squatter', squatter);
      await enable(app, OURS);
      // Enabling it logged the same error.
      await app.stop();
      const before = app.logs().length;
      await app.start();
      const errors = app
        .logs()
        .slice(before)
        .split('\n')
        .filter((line) => line.includes('level=error') && line.includes(OURS));
      expect(errors).toHaveLength(1);
      expect(errors[0]).toContain('another plugin has registered the trigger type');
      expect((await call(app, key, { body: {} })).status).toBe(404);
      expect(await executions(app, key)).toHaveLength(2);
    });
  });
});
