import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { workDir } from '../../scripts/lib/paths.mjs';
import { type App, bootApp, createWorkflow, setEnabled } from '../support/app';
import { waitFor } from '../support/wait';
import { addVersion, ended, send } from './support';

const authorization = `Basic ${Buffer.from('user:password').toString('base64')}`;
const basicAuthentication = { username: 'user', password: 'password' };

/** A webhook whose response names the version that sent it. */
const responding = (body: string) => ({ response: { body } });

const post = (url: string, headers: Record<string, string> = {}) => fetch(url, { method: 'POST', headers });

/** Runs SQL on the app's own connection, as its workflows can. */
async function runSql(app: App, ...statements: string[]): Promise<void> {
  for (const sql of statements) {
    const { url } = await createWorkflow(app, { title: 'sql', sync: true, nodes: [{ type: 'sql', config: { sql } }] });
    expect((await post(url)).status).toBe(200);
  }
}

/** The title that makes a save fail: when it is written, or only when it is committed. */
const FAILS = 'fails';
const FAIL = {
  sqlite: [
    `CREATE TRIGGER fail BEFORE UPDATE ON workflows WHEN NEW.title = '${FAILS}' BEGIN SELECT RAISE(ABORT, 'no'); END`,
  ],
  postgres: [
    `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END'`,
    `CREATE CONSTRAINT TRIGGER fail AFTER UPDATE ON workflows DEFERRABLE INITIALLY DEFERRED ` +
      `FOR EACH ROW WHEN (NEW.title = '${FAILS}') EXECUTE FUNCTION fail()`,
  ],
};

describe.each([
  { dialect: 'sqlite', when: 'while it writes' },
  { dialect: 'postgres', when: 'at commit' },
] as const)('on $dialect, a save that fails $when', ({ dialect }) => {
  let app: App;
  beforeAll(async () => {
    app = await bootApp({ dialect });
    await runSql(app, ...FAIL[dialect]);
  });
  afterAll(async () => {
    // After a rollback NocoBase waits 50 s for the commit, to notify other nodes, and its process doesn't end before that.
    await app.kill9();
    await app.remove();
  });

  const update = (id: string | number, values: object) =>
    expect(app.api('POST', `workflows:update?filterByTk=${id}`, { title: FAILS, ...values })).rejects.toThrow();

  it('leaves an endpoint with the committed authentication', async () => {
    const workflow = await createWorkflow(app, { title: 'edited', config: { basicAuthentication } });
    const { id, url } = workflow;
    await update(id, { config: { public: true } });
    expect((await post(url)).status).toBe(401);
    expect((await post(url, { authorization })).status).toBe(200);
    await ended(app, [workflow]);
  });

  it('leaves an endpoint enabled, or disabled', async () => {
    const workflow = await createWorkflow(app, { title: 'switched' });
    const { id, url } = workflow;
    await update(id, { enabled: false });
    expect((await post(url)).status).toBe(200);
    await ended(app, [workflow]);
    await setEnabled(app, id, false);
    await update(id, { enabled: true });
    expect((await post(url)).status).toBe(404);
  });

  it('leaves the version that is active', async () => {
    const config = { basicAuthentication, ...responding('first') };
    const first = await createWorkflow(app, { title: 'versions', config });
    const second = await addVersion(app, first, { public: true, ...responding('second') });
    await update(second, { enabled: true });
    expect((await post(first.url)).status).toBe(401);
    expect(await (await post(first.url, { authorization })).text()).toBe('first');
  });
});

describe('an activation', () => {
  let app: App;
  beforeAll(async () => {
    app = await bootApp({ dialect: 'postgres', env: { DB_LOGGING: 'on' } });
  });
  afterAll(() => app.remove());

  it('of one version after another under load serves every request, and the last version in the end', async () => {
    const workflow = await createWorkflow(app, { title: 'versions', config: responding('0') });
    let over = false;
    const loading = send([workflow], { connections: 8 }, () => over);
    const versions = [workflow.id];
    for (let version = 1; version <= 5; version += 1) {
      const added = await addVersion(app, workflow, responding(String(version)));
      await setEnabled(app, added, true);
      versions.push(added);
      expect(await (await post(workflow.url)).text()).toBe(String(version));
    }
    // Back and forth between existing versions.
    for (let round = 0; round < 20; round += 1) {
      const version = (round * 2) % versions.length;
      await setEnabled(app, versions[version], true);
      expect(await (await post(workflow.url)).text()).toBe(String(version));
    }
    over = true;
    const { acknowledged, others } = await loading;
    expect(others).toEqual({});
    expect(acknowledged.length).toBeGreaterThan(100);
  });

  it('of a deleted workflow leads to 404, and not every request to it reads the database', async () => {
    const workflow = await createWorkflow(app, { title: 'deleted' });
    expect((await post(workflow.url)).status).toBe(200);
    await app.api('POST', `workflows:destroy?filterByTk=${workflow.id}`);
    const before = app.logs().length;
    const began = Date.now();
    const load = await send([workflow], { connections: 50, events: 2000 }, () => false);
    const seconds = (Date.now() - began) / 1000;
    expect(load.others).toEqual({ 404: 2000 });
    const reads = app.logs().slice(before).split(`"key" IN ('${workflow.key}')`).length - 1;
    expect(reads).toBeGreaterThan(0);
    expect(reads).toBeLessThanOrEqual(20 * seconds + 2);
  });

  it("that can't be read leads to 503 until it can, then to what is committed", async () => {
    const workflow = await createWorkflow(app, { title: 'in doubt' });
    await setEnabled(app, workflow.id, false);
    expect((await post(workflow.url)).status).toBe(404);
    const database = await connect(app);
    try {
      await database.query('BEGIN; LOCK TABLE workflows IN ACCESS EXCLUSIVE MODE');
      const response = await post(workflow.url);
      expect(response.status).toBe(503);
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      await database.query(`UPDATE workflows SET enabled = true WHERE id = ${workflow.id}; COMMIT`);
    } finally {
      await database.end();
    }
    await waitFor('the committed state to be read', async () => (await post(workflow.url)).status === 200);
  });
});

interface Client {
  connect(): Promise<void>;
  query(sql: string): Promise<unknown>;
  end(): Promise<void>;
}

/** A separate connection to an app's PostgreSQL. */
async function connect(app: App): Promise<Client> {
  const { Client } = createRequire(join(workDir, 'runtime/package.json'))('pg') as {
    Client: new (options: object) => Client;
  };
  const { DB_HOST, DB_PORT, DB_USER, DB_PASSWORD, DB_DATABASE } = JSON.parse(
    readFileSync(join(app.dir, 'database.json'), 'utf8'),
  ) as Record<string, string>;
  const [host, port, user, password, database] = [DB_HOST, Number(DB_PORT), DB_USER, DB_PASSWORD, DB_DATABASE];
  const client = new Client({ host, port, user, password, database });
  await client.connect();
  return client;
}
