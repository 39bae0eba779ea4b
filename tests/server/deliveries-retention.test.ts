import { afterAll, beforeAll, expect, it } from 'vitest';
import { type App, bootApp } from '../support/app';
import { waitFor } from '../support/wait';
import { call, createWorkflow } from './support';

let app: App;
beforeAll(async () => {
  app = await bootApp();
});
afterAll(() => app.remove());

const quote = process.env.TEST_DIALECT === 'mariadb' ? '`' : '"';
const quoted = (sql: string) => sql.replaceAll('"', quote);

/** Runs a statement in the app's database. */
async function run(sql: string): Promise<void> {
  const { key } = await createWorkflow(app, { sync: true, nodes: [{ type: 'sql', config: { sql: quoted(sql) } }] });
  expect((await call(app, key, { body: {} })).status).toBe(200);
}

const list = async (id: string | number, more = '') => {
  const path = `webhookDeliveries:list?workflowId=${id}&${more}`;
  return (await app.api<{ deliveries: { id: string }[] }>('GET', path)).deliveries.map((delivery) => delivery.id);
};

it('keeps deliveries for 14 days, and the last 100,000 of a webhook', async () => {
  const old = await createWorkflow(app);
  const many = await createWorkflow(app);
  for (const { key } of [old, old, many]) {
    expect((await call(app, key, { body: {} })).status).toBe(200);
  }
  const [kept] = await list(old.id, 'limit=1');
  const digit =
    '(SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL ' +
    'SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)';
  await run(
    `INSERT INTO "webhookDeliveries" ("id", "workflowKey", "workflowId", "receivedAt", "result", "method", "path", "ip") ` +
      `SELECT 1 + a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n, '${many.key}', ${many.id}, CURRENT_TIMESTAMP, ` +
      `'rejected', 'POST', '', '' FROM ${['a', 'b', 'c', 'd', 'e'].map((name) => `${digit} ${name}`).join(', ')}`,
  );
  await run(
    `UPDATE "webhookDeliveries" SET "id" = 0, "receivedAt" = '2020-01-01 00:00:00' WHERE "workflowKey" = '${old.key}' AND "id" < ${kept}`,
  );
  expect(await list(old.id)).toHaveLength(2);
  expect(await list(many.id, 'before=2')).toEqual(['1']);

  await app.restart();
  await waitFor('the deletion', async () => (await list(many.id, 'before=2')).length === 0, 40_000);
  expect(await list(many.id, 'before=3')).toEqual(['2']);
  expect(await list(old.id)).toEqual([kept]);
});
