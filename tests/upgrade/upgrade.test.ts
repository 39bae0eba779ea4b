// Version 0.1.0 is replaced by this one, in the ways of docs/operate.md: what it stored goes on working.
import { createHmac } from 'node:crypto';
import { existsSync, openAsBlob, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { unpackPlugin } from '../../scripts/lib/nocobase.mjs';
import { pack } from '../../scripts/lib/build.mjs';
import { packPrevious } from '../../scripts/lib/previous.mjs';
import { type App, bootApp, type CreatedWorkflow } from '../support/app';
import { waitFor } from '../support/wait';
import { ended, executionsOf, send } from '../crash/support';
import { install, listed } from '../server/plugins';
import { createWorkflow } from '../server/support';

const SECRET = 'a secret of the sender, 32 bytes';

/** What version 0.1.0 stores for each kind of webhook, with a request and the response it gives. */
const WEBHOOKS = {
  asynchronous: {
    workflow: { config: { response: { statusCode: 202, body: 'stored' } } },
    headers: () => ({}),
    response: [202, 'stored'],
  },
  Basic: {
    workflow: { config: { basicAuthentication: { username: 'sender', password: 'word' } } },
    headers: () => ({ authorization: `Basic ${Buffer.from('sender:word').toString('base64')}` }),
    response: [200, ''],
  },
  signed: {
    workflow: {
      config: {
        authentication: [{ preset: 'github', secrets: [SECRET] }],
        request: { body: [{ key: 'id', _var: 'v_a4rctpkbqlz' }] },
        response: { body: '{{$context.body.v_a4rctpkbqlz}}' },
      },
    },
    headers: (body: string) => ({
      'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
    }),
    response: [200, '7'],
  },
  synchronous: {
    workflow: {
      sync: true,
      nodes: [{ type: 'response', config: { statusCode: 203, headers: [], body: { got: '{{$context.body.id}}' } } }],
    },
    headers: () => ({}),
    response: [203, '{"got":7}'],
  },
};

type Name = keyof typeof WEBHOOKS;
const NAMES = Object.keys(WEBHOOKS) as Name[];

async function post({ url }: CreatedWorkflow, name: Name): Promise<[number, string]> {
  const body = '{"id":7}';
  const headers: Record<string, string> = { 'content-type': 'application/json', ...WEBHOOKS[name].headers(body) };
  const response = await fetch(url, { method: 'POST', body, headers });
  return [response.status, await response.text()];
}

const STORED = 'workflows:list?sort=id&fields=id,key,config,enabled,sync,options&appends=nodes,stats';

describe.each([
  { dialect: 'sqlite' as const, how: 'by an upload' },
  { dialect: 'sqlite' as const, how: 'while NocoBase is stopped' },
  { dialect: 'postgres' as const, how: 'while NocoBase is stopped' },
])('on $dialect, replaced $how', ({ dialect, how }) => {
  let app: App;
  const workflows = {} as Record<Name, CreatedWorkflow>;

  beforeAll(async () => {
    app = await bootApp({ withPlugin: false, dialect });
    await install(app, packageJson.name, await packPrevious());
    for (const name of NAMES) {
      workflows[name] = await createWorkflow(app, WEBHOOKS[name].workflow);
      expect(await post(workflows[name], name)).toEqual(WEBHOOKS[name].response);
    }
    await ended(app, Object.values(workflows));
  });
  afterAll(() => app.remove());

  it('keeps workflows, URLs, history and counters, and executes what had only been stored', async () => {
    const before = await app.api('GET', STORED);
    const history = await executionsOf(app, Object.values(workflows));
    expect(history).toHaveLength(NAMES.length);
    const backlog = await createWorkflow(app);

    if (how === 'by an upload') {
      const form = new FormData();
      form.set('file', await openAsBlob((await pack()).file), `${packageJson.name}.tgz`);
      await app.api('POST', 'pm:add', form);
      const unpacked = join(app.plugins, packageJson.name, 'package.json');
      const version = () => (JSON.parse(readFileSync(unpacked, 'utf8')) as { version: string }).version;
      await waitFor('the new version', async () => existsSync(unpacked) && version() === packageJson.version);
      // A process keeps the code that it has loaded.
      await app.restart();
      await app.login();
    } else {
      const load = await send([backlog], { connections: 16, events: 200 }, () => false);
      await app.kill9();
      rmSync(join(app.plugins, packageJson.name), { recursive: true });
      await unpackPlugin(app.plugins);
      await app.start();
      await app.login();
      await ended(app, [backlog]);
      const kept = (await executionsOf(app, [backlog])).map(({ context }) => context.body.id);
      expect(new Set(kept).size).toBe(kept.length);
      expect(load.acknowledged.filter((id) => !kept.includes(id))).toEqual([]);
    }

    expect(await listed(app, packageJson.name)).toMatchObject({ enabled: true, version: packageJson.version });
    const ids = new Set(Object.values(workflows).map(({ id }) => String(id)));
    const own = (rows: unknown) => (rows as { id: string }[]).filter(({ id }) => ids.has(String(id)));
    expect(own(await app.api('GET', STORED))).toEqual(own(before));
    expect(await executionsOf(app, Object.values(workflows))).toEqual(history);
    for (const name of NAMES) {
      expect([name, ...(await post(workflows[name], name))]).toEqual([name, ...WEBHOOKS[name].response]);
    }
    const wrong = await fetch(workflows.signed.url, { method: 'POST', body: '{}' });
    expect(wrong.status).toBe(401);
    await ended(app, Object.values(workflows));
    expect(await executionsOf(app, Object.values(workflows))).toHaveLength(2 * NAMES.length);
  });
});
