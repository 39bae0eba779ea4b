import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Service, startPostgres } from '../../scripts/lib/services.mjs';
import { type App, bootApp, createWorkflow, type CreatedWorkflow } from '../support/app';
import { ended, executionsOf, type Load, send } from './support';

/** Every acknowledged event has exactly one execution, and no event has two. */
async function expectKept(app: App, workflow: CreatedWorkflow, { acknowledged }: Load): Promise<void> {
  const kept = (await executionsOf(app, [workflow])).map(({ context }) => context.body.id);
  expect(kept.length, 'events with more than one execution').toBe(new Set(kept).size);
  const known = new Set(kept);
  expect(acknowledged.filter((id) => !known.has(id))).toEqual([]);
}

/** Runs SQL on the app's own connection, as its workflows can. */
async function runSql(app: App, sql: string): Promise<void> {
  const { url } = await createWorkflow(app, { title: 'sql', sync: true, nodes: [{ type: 'sql', config: { sql } }] });
  expect((await fetch(url, { method: 'POST' })).status).toBe(200);
}

/** Makes the database reject the event with the id 13. */
const REJECT = {
  postgres: `ALTER TABLE executions ADD CONSTRAINT no_thirteen CHECK (context::text NOT LIKE '%"id":13}%')`,
  sqlite:
    `CREATE TRIGGER no_thirteen BEFORE INSERT ON executions WHEN NEW.context LIKE '%"id":13}%' ` +
    `BEGIN SELECT RAISE(ABORT, 'thirteen'); END`,
};

const ACCEPT = {
  postgres: 'ALTER TABLE executions DROP CONSTRAINT no_thirteen',
  sqlite: 'DROP TRIGGER no_thirteen',
};

/** Makes the database reject the end of a workflow's executions. */
const KEEP_OPEN = {
  postgres: (id: string) =>
    `ALTER TABLE executions ADD CONSTRAINT no_end CHECK (NOT (status = 1 AND "workflowId" = ${id})) NOT VALID`,
  sqlite: (id: string) =>
    `CREATE TRIGGER no_end BEFORE UPDATE ON executions WHEN NEW.status = 1 AND NEW.workflowId = ${id} ` +
    `BEGIN SELECT RAISE(ABORT, 'no end'); END`,
};

const LET_END = { postgres: 'ALTER TABLE executions DROP CONSTRAINT no_end', sqlite: 'DROP TRIGGER no_end' };

describe.each(['sqlite', 'postgres'] as const)('on %s', (dialect) => {
  let app: App;
  beforeAll(async () => {
    app = await bootApp({ dialect });
  });
  afterAll(() => app.remove());

  it('responds with 422 to an event that the database rejects, and stores the rest of its batch', async () => {
    await runSql(app, REJECT[dialect]);
    const workflow = await createWorkflow(app, { title: 'rejected' });
    const load = await send([workflow], { connections: 64, events: 64 }, () => false);
    expect(load.others).toEqual({ 422: 1 });
    expect(load.acknowledged.length).toBe(63);
    await ended(app, [workflow]);
    await expectKept(app, workflow, load);
    expect((await executionsOf(app, [workflow])).length).toBe(63);
    await runSql(app, ACCEPT[dialect]);
  });

  it('serves 16 connections to a synchronous webhook for 8 s without a failure', async () => {
    const workflow = await createWorkflow(app, { title: 'synchronous', sync: true });
    const end = Date.now() + 8000;
    const load = await send([workflow], { connections: 16, first: 1000 }, () => Date.now() > end);
    expect(load.others).toEqual({});
    console.log(`${dialect}: ${load.acknowledged.length} synchronous calls in 8 s`);
    expect(load.acknowledged.length).toBeGreaterThan(16);
    await expectKept(app, workflow, load);
  });

  it.each([
    { onCrash: 'rerun', status: 202, ends: 1 },
    { onCrash: 'fail', status: 500, ends: -1 },
  ])(
    "responds with $status to a synchronous event whose execution can't be stored as it ended, with onCrash $onCrash",
    async ({ onCrash, status, ends }) => {
      const workflow = await createWorkflow(app, { title: onCrash, sync: true, options: { onCrash } });
      await runSql(app, KEEP_OPEN[dialect](String(workflow.id)));
      const response = await fetch(workflow.url, { method: 'POST' });
      await runSql(app, LET_END[dialect]);
      expect(response.status).toBe(status);
      await app.restart();
      await ended(app, [workflow]);
      expect(await executionsOf(app, [workflow])).toEqual([expect.objectContaining({ status: ends })]);
    },
  );

  it("loses nothing on SIGTERM under load: what isn't stored gets 503 or no response", async () => {
    const workflow = await createWorkflow(app, { title: 'stopped' });
    let stopped = false;
    const loading = send([workflow], { connections: 8, events: 300 }, () => stopped);
    await sleep(700);
    await app.stop();
    stopped = true;
    const load = await loading;
    const unexpected = Object.keys(load.others).filter(
      (answer) => !['503', 'ECONNREFUSED', 'ECONNRESET'].includes(answer),
    );
    expect(unexpected, JSON.stringify(load.others)).toEqual([]);
    expect(load.acknowledged.length).toBeGreaterThan(0);
    await app.start();
    await ended(app, [workflow]);
    await expectKept(app, workflow, load);
  });
});

describe('a full disk', () => {
  let app: App;
  beforeAll(async () => {
    app = await bootApp();
  });
  afterAll(() => app.remove());

  it('responds with 503 while it is full, and accepts events again once there is space', async () => {
    const workflow = await createWorkflow(app, { title: 'full' });
    const post = async (id: number) => {
      const body = JSON.stringify({ id, filler: 'x'.repeat(200_000) });
      const headers = { 'content-type': 'application/json' };
      return fetch(workflow.url, { method: 'POST', headers, body });
    };
    expect((await post(1)).status).toBe(200);
    await ended(app, [workflow]);
    // A limit below the file's size counts as its size; the pragma applies to the connection that stores.
    await runSql(app, 'PRAGMA max_page_count = 1');
    const statuses = [];
    for (let id = 2; id < 20; id += 1) {
      const response = await post(id);
      statuses.push(response.status);
      if (response.status === 503) {
        expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      }
    }
    expect(new Set(statuses).has(503), statuses.join()).toBe(true);
    expect(statuses.filter((status) => status !== 200 && status !== 503)).toEqual([]);
    const stored = 1 + statuses.filter((status) => status === 200).length;
    expect((await executionsOf(app, [workflow])).length).toBe(stored);
    await app.api(
      'POST',
      `executions:destroy?${new URLSearchParams({ filter: JSON.stringify({ key: workflow.key }) })}`,
    );
    expect((await post(20)).status).toBe(200);
  });
});

describe('a PostgreSQL that stops and starts under load', () => {
  let server: Service;
  let app: App;
  beforeAll(async () => {
    server = await startPostgres();
    // The apps of this file alone.
    process.env.TEST_POSTGRES_PORT = String(server.port);
    app = await bootApp({ dialect: 'postgres' });
  });
  afterAll(async () => {
    await app.remove();
    await server.stop();
  });

  it('loses no acknowledged event, responds with 503 while it is down, and accepts events again afterwards', async () => {
    const workflow = await createWorkflow(app, { title: 'outage' });
    let over = false;
    const before = send([workflow], { connections: 8, events: 400 }, () => over);
    await sleep(500);
    await server.halt();
    over = true;
    const load = await before;
    const during = await fetch(workflow.url, {
      method: 'POST',
      body: '{"id":0}',
      headers: { 'content-type': 'application/json' },
    });
    expect(during.status).toBe(503);
    expect(Number(during.headers.get('retry-after'))).toBeGreaterThan(0);
    await server.start();
    const after = await send([workflow], { connections: 8, events: 50, first: 1e6 }, () => false);
    expect(after.acknowledged.length).toBeGreaterThan(0);
    expect(Object.keys({ ...load.others, ...after.others }).filter((answer) => answer !== '503')).toEqual([]);
    // Recovery looks for what was running when the database went down every five minutes, and on start.
    await app.restart();
    await ended(app, [workflow]);
    await expectKept(app, workflow, load);
    await expectKept(app, workflow, after);
  });
});
