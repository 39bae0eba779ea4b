import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TriggerConfig } from '../../src/common/config';
import { type App, bootApp } from '../support/app';
import { call, createWorkflow, ended, setEnabled, settled } from './support';

let app: App;
beforeAll(async () => {
  app = await bootApp();
});
afterAll(() => app.stop());

interface Workflow {
  id: number;
  key: string;
  config: TriggerConfig;
  enabled: boolean;
}

const TOKEN = { kind: 'token', from: { header: 'X-Webhook-Token' } };
const GENERATED = expect.stringMatching(/^[\w-]{43}$/) as string;
const github = { preset: 'github', secrets: ['s'] };
const basicAuthentication = { username: 'u', password: 'p' };

const get = (id: string | number) => app.api<Workflow>('GET', `workflows:get?filterByTk=${id}`);
const update = (id: string | number, values: object) => app.api('POST', `workflows:update?filterByTk=${id}`, values);

async function copyOf(id: string | number, values: object, filter = {}): Promise<Workflow> {
  const query = new URLSearchParams({ filterByTk: String(id), filter: JSON.stringify(filter) });
  const { id: copy } = await app.api<Workflow>('POST', `workflows:revision?${query}`, values);
  return get(copy);
}

describe('a webhook created through the API', () => {
  it.each([{}, null, undefined])('requires a generated token if its configuration is empty: %j', async (config) => {
    await settled(app);
    const { id, key } = await app.api<Workflow>('POST', 'workflows:create', { title: 't', type: 'webhook', config });
    const { config: saved } = await get(id);
    expect(saved).toEqual({ authentication: [{ scheme: TOKEN, secrets: [GENERATED] }] });
    await setEnabled(app, id, true);
    expect((await call(app, key)).status).toBe(401);
    const secret = saved.authentication?.[0].secrets?.[0] ?? '';
    expect((await call(app, key, { headers: { 'x-webhook-token': secret } })).status).toBe(200);
    await ended(app, key);
  });

  // NocoBase validates none of these.
  it.each([false, 0, ''])('accepts nobody if its configuration is %j instead of an object', async (config) => {
    await settled(app);
    const values = { title: 't', type: 'webhook', config };
    const { id, key } = await app.api<Workflow>('POST', 'workflows:create', values);
    await setEnabled(app, id, true);
    expect((await call(app, key)).status).toBe(500);
  });

  it('is rejected with 400 if its configuration is nested a thousand levels deep', async () => {
    await settled(app);
    const deep = `${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}`;
    const response = await app.fetch('workflows:create', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${await app.login()}` },
      body: `{"title":"t","type":"webhook","enabled":true,"config":{"public":true,"response":{"body":${deep}}}}`,
    });
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('100 levels deep')]);
    const { key } = await createWorkflow(app, { config: { public: true } });
    expect((await call(app, key)).status).toBe(200);
    await ended(app, key);
  });

  it('is public if its configuration says so', async () => {
    const { id, key } = await createWorkflow(app, { config: { public: true } });
    expect((await get(id)).config).toEqual({ public: true });
    expect((await call(app, key)).status).toBe(200);
    await ended(app, key);
  });

  it('is open without authentication, as in the commercial plugin, if something else is configured', async () => {
    const config = { basicAuthentication: false, request: { body: [{ key: 'a' }] } };
    const { id, key } = await createWorkflow(app, { config });
    expect((await get(id)).config).toEqual(config);
    expect((await call(app, key)).status).toBe(200);
    await ended(app, key);
  });

  it('leaves workflows of other types alone', async () => {
    await settled(app);
    const schedule = { title: 't', type: 'schedule', config: {} };
    const { id } = await app.api<Workflow>('POST', 'workflows:create', schedule).catch(() => ({ id: undefined }));
    expect(id === undefined ? {} : (await get(id)).config).toEqual({});
  });
});

describe('an update through the API', () => {
  const BEFORE = [{ authentication: [github] }, { basicAuthentication }];
  const AFTER = [
    {},
    { authentication: null },
    { basicAuthentication: false },
    { public: false },
    { authentication: [] },
    { response: { statusCode: 201 } },
  ];

  it.each(BEFORE.flatMap((before) => AFTER.map((after) => [before, after] as const)))(
    'fails if it removes the last method: %j, then %j',
    async (before, after) => {
      const { id, key } = await createWorkflow(app, { config: before });
      await expect(update(id, { config: after })).rejects.toThrow(/400.*authentication/s);
      await expect(
        app.api('POST', `workflows:updateOrCreate`, { filterKeys: ['id'], values: { id, config: after } }),
      ).rejects.toThrow();
      expect((await get(id)).config).toEqual(before);
      expect((await call(app, key)).status).toBe(401);
    },
  );

  it('makes a webhook public with public: true', async () => {
    const { id, key } = await createWorkflow(app, { config: { authentication: [github] } });
    await update(id, { config: { public: true } });
    expect((await call(app, key)).status).toBe(200);
    await ended(app, key);
  });

  it('may replace the method, and change an open webhook that has none', async () => {
    const { id } = await createWorkflow(app, { config: { authentication: [github] }, enabled: false });
    await update(id, { config: { basicAuthentication } });
    expect((await get(id)).config).toEqual({ basicAuthentication });
    const open = await createWorkflow(app, { config: { request: {} }, enabled: false });
    await update(open.id, { config: { request: { body: [] } } });
    expect((await get(open.id)).config).toEqual({ request: { body: [] } });
  });
});

describe('a copy of a webhook', () => {
  const authentication = [{ scheme: TOKEN, secrets: ['original'] }];

  it('gets a new secret where the owner generates it', async () => {
    const { id } = await createWorkflow(app, { config: { authentication }, enabled: false });
    const copy = await copyOf(id, { title: 'copy' });
    expect(copy.config).toEqual({ authentication: [{ scheme: TOKEN, secrets: [GENERATED] }] });
  });

  it('lacks the secret that the sender issued, and cannot be enabled until one is entered', async () => {
    const config = { authentication: [{ preset: 'stripe', secrets: ['whsec_original'] }] };
    const { id } = await createWorkflow(app, { config, enabled: false });
    const copy = await copyOf(id, { title: 'copy' });
    expect(copy.config).toEqual({ authentication: [{ preset: 'stripe', secrets: [] }] });
    await expect(update(copy.id, { enabled: true })).rejects.toThrow(/400.*authentication\.0\.secrets/s);
    expect((await get(copy.id)).enabled).toBe(false);
    await update(copy.id, { config: { authentication: [{ preset: 'stripe', secrets: ['whsec_2'] }] } });
    await update(copy.id, { enabled: true });
    expect((await get(copy.id)).enabled).toBe(true);
  });

  it('keeps its secrets as a new version of the same workflow', async () => {
    const { id, key } = await createWorkflow(app, { config: { authentication }, enabled: false });
    const version = await copyOf(id, {}, { key });
    expect(version.key).toBe(key);
    expect(version.config).toEqual({ authentication });
  });

  it('of an open webhook stays open', async () => {
    const { id } = await createWorkflow(app, { config: { request: {} }, enabled: false });
    expect((await copyOf(id, { title: 'copy' })).config).toEqual({ request: {} });
  });
});
