import { existsSync, openAsBlob, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { pack } from '../../scripts/lib/build.mjs';
import { bootApp, createWorkflow, type App, type CreatedWorkflow } from '../support/app';
import { waitFor } from '../support/wait';
import { listed } from './plugins';

/** The tests follow one installation, so each needs the ones before it. */
describe('the packed plugin in a NocoBase that has never seen it', () => {
  let app: App;
  let workflow: CreatedWorkflow;
  const own = () => listed(app, packageJson.name);

  beforeAll(async () => {
    app = await bootApp({ withPlugin: false });
  });
  afterAll(() => app?.remove());

  it('is unknown before the upload', async () => {
    expect(await own()).toBeUndefined();
  });

  it('is listed as compatible after an upload in the plugin manager', async () => {
    const form = new FormData();
    form.set('file', await openAsBlob((await pack()).file), `${packageJson.name}.tgz`);
    await app.api('POST', 'pm:add', form);

    const plugin = await waitFor('the uploaded plugin in the list', own);
    expect(plugin).toMatchObject({ version: packageJson.version, enabled: false, isCompatible: true });
    expect(plugin.depsCompatible.filter(({ result }) => !result)).toEqual([]);
    const names = plugin.depsCompatible.map(({ name }) => name);
    expect(names).toContain('react');
    expect(names.filter((name) => name.startsWith('@nocobase/'))).toEqual([]);
  });

  it('serves a webhook once it is enabled', async () => {
    await app.api('POST', `pm:enable?filterByTk=${packageJson.name}&awaitResponse=true`);
    await waitFor('the enabled plugin', async () => (await own())?.enabled);

    workflow = await createWorkflow(app, {
      title: 'installed',
      config: { response: { statusCode: 202, body: 'kept' } },
    });
    const answer = await fetch(workflow.url, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    });
    expect([answer.status, await answer.text()]).toEqual([202, 'kept']);
  });

  it('is in both browser clients', async () => {
    for (const list of ['pm:listEnabled', 'pm:listEnabledV2']) {
      const plugins = await app.api<{ packageName: string; url: string }[]>('GET', list);
      const plugin = plugins.find(({ packageName }) => packageName === packageJson.name);
      const bundle = await fetch(new URL(plugin?.url ?? 'missing', app.url));
      expect([list, bundle.status]).toEqual([list, 200]);
      expect(await bundle.text()).toContain(`define("${packageJson.name}${list.endsWith('V2') ? '/client-v2' : ''}"`);
    }
  });

  it('is removed and installed again with its workflows and their history kept', async () => {
    const post = () => fetch(workflow.url, { method: 'POST' });
    await app.api('POST', `pm:disable?filterByTk=${packageJson.name}&awaitResponse=true`);
    await waitFor('the disabled plugin', async () => (await own())?.enabled === false);
    expect((await post()).status).toBe(404);
    await app.api('POST', `pm:remove?filterByTk=${packageJson.name}`);
    await waitFor('no plugin in the list', async () => !(await own()));
    expect(existsSync(join(app.plugins, packageJson.name))).toBe(false);

    const form = new FormData();
    form.set('file', await openAsBlob((await pack()).file), `${packageJson.name}.tgz`);
    await app.api('POST', 'pm:add', form);
    await waitFor('the uploaded plugin in the list', own);
    await app.api('POST', `pm:enable?filterByTk=${packageJson.name}&awaitResponse=true`);
    await waitFor('the enabled plugin', async () => (await own())?.enabled);
    const answer = await post();
    expect([answer.status, await answer.text()]).toEqual([202, 'kept']);
    const filter = JSON.stringify({ key: workflow.key });
    expect(await app.api('GET', `executions:list?${new URLSearchParams({ filter })}`)).toHaveLength(2);
  });

  it('leaves the app running with the addon of another platform only, and says in one error what it looked for and what is there', async () => {
    await app.stop();
    const folder = join(app.plugins, packageJson.name);
    const addons = readdirSync(folder).filter((file) => file.endsWith('.node'));
    expect(addons).toHaveLength(1);
    const foreign = `${packageJson.name}.aix-ppc64.node`;
    renameSync(join(folder, addons[0] as string), join(folder, foreign));

    const before = app.logs().length;
    await app.start();
    const errors = app
      .logs()
      .slice(before)
      .split('\n')
      .filter((line) => line.startsWith('level=error') && /addon|\.node\b/.test(line));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(`${process.platform}-${process.arch}`);
    expect(errors[0]).toContain(`looked for ${addons[0]}`);
    expect(errors[0]).toContain(`has ${foreign}.`);
    expect(errors[0]).toContain('addons.json');

    await app.login();
    expect(await app.api('GET', 'users:list')).toHaveLength(1);
    const answer = await fetch(workflow.url, { method: 'POST' });
    expect(answer.status).toBe(503);
  });
});
