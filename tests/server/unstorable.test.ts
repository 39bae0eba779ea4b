// What happens to an event that the database will never accept.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, bootApp, dialect } from '../support/app';
import { logged, nextSecond } from '../support/wait';
import { call, createWorkflow, ended, executions, settled } from './support';

/** A megabyte, as bodies are counted. */
const MB = 1 << 20;

const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

/** JSON that some database rejects, and the databases that do. */
const BODIES: { title: string; body: string; rejectedBy: string[]; reason?: RegExp }[] = [
  // The context is an object around the body.
  { title: '30 levels', body: nested(30), rejectedBy: [] },
  { title: '31 levels', body: nested(31), rejectedBy: ['mariadb'], reason: /expected at most 31 levels of nesting/ },
  { title: '1000 levels', body: nested(1000), rejectedBy: ['mariadb'] },
  { title: 'brackets in text', body: JSON.stringify({ a: `"${'['.repeat(100)}` }), rejectedBy: [] },
  { title: 'half of a surrogate pair', body: String.raw`{"a":"\ud800"}`, rejectedBy: ['mariadb'], reason: /\\ud800/ },
  { title: 'a surrogate pair the wrong way round', body: String.raw`{"a":"\udE00\uD83D"}`, rejectedBy: ['mariadb'] },
  { title: 'half of a surrogate pair in a key', body: String.raw`{"\uDFFF":1}`, rejectedBy: ['mariadb'] },
  { title: 'half of a surrogate pair before text', body: String.raw`{"a":"\ud800udc00"}`, rejectedBy: ['mariadb'] },
  { title: 'a surrogate pair', body: String.raw`{"a":"\ud83d\ude00"}`, rejectedBy: [] },
  { title: 'text that looks like an escape', body: String.raw`{"a":"\\ud800"}`, rejectedBy: [] },
  { title: 'a NUL', body: String.raw`{"a":"\u0000"}`, rejectedBy: [] },
  { title: '9 MB of text', body: JSON.stringify({ a: 'x'.repeat(9 * MB) }), rejectedBy: [] },
  {
    title: '9 MB of backslashes, which MariaDB is sent twice',
    body: JSON.stringify({ a: '\\'.repeat(4.5 * MB) }),
    rejectedBy: ['mariadb'],
    reason: /max_allowed_packet of \d+ bytes/,
  },
];

/** Makes the database reject every event whose context ends in an id of 13. */
const REJECT_13 = {
  sqlite:
    `CREATE TRIGGER no_thirteen BEFORE INSERT ON executions WHEN NEW.context LIKE '%"id":13}%' ` +
    `BEGIN SELECT RAISE(ABORT, 'thirteen'); END`,
  postgres: `ALTER TABLE executions ADD CONSTRAINT no_thirteen CHECK (context::text NOT LIKE '%"id":13}%')`,
  mariadb: `ALTER TABLE executions ADD CONSTRAINT no_thirteen CHECK (context NOT LIKE '%"id":13}%')`,
};

/** Makes the database reject the record of a file of this name. */
const REJECT_FILE = {
  sqlite:
    `CREATE TRIGGER no_file BEFORE INSERT ON attachments WHEN NEW.title = 'thirteen' ` +
    `BEGIN SELECT RAISE(ABORT, 'thirteen'); END`,
  postgres: `ALTER TABLE attachments ADD CONSTRAINT no_file CHECK (title <> 'thirteen')`,
  mariadb: `ALTER TABLE attachments ADD CONSTRAINT no_file CHECK (title <> 'thirteen')`,
};

let app: App;
beforeAll(async () => {
  app = await bootApp();
});
afterAll(() => app.remove());

/** Runs SQL on the app's own connection, as its workflows can. Returns its rows. */
async function runSql(sql: string): Promise<unknown[]> {
  const { key } = await createWorkflow(app, { sync: true, nodes: [{ type: 'sql', config: { sql } }] });
  expect((await call(app, key)).status).toBe(200);
  const [{ id }] = await executions(app, key);
  type Ran = { jobs: { result: unknown[] }[] };
  return (await app.api<Ran>('GET', `executions:get?filterByTk=${id}&appends[]=jobs`)).jobs[0].result;
}

async function send(key: string, body: string): Promise<Response> {
  return call(app, key, { body, headers: { 'content-type': 'application/json' } });
}

async function expectRejected(response: Response): Promise<void> {
  expect(response.status).toBe(422);
  expect(response.headers.get('retry-after')).toBeNull();
  expect(await response.json()).toEqual({ errors: [{ code: 'UNSTORABLE', message: expect.any(String) }] });
}

describe.each([
  ['asynchronous', false],
  ['synchronous', true],
])('an %s event', (_, sync) => {
  it.each(BODIES)('with $title is stored or rejected with 422, whichever the database allows', async (sample) => {
    const { id, key } = await createWorkflow(app, { sync });
    await nextSecond();
    const before = app.logs().length;
    const response = await send(key, sample.body);
    if (sample.rejectedBy.includes(dialect)) {
      await expectRejected(response);
      expect(await executions(app, key)).toEqual([]);
      expect(await logged(app, '422 UNSTORABLE', before)).toMatch(
        sample.reason ?? /UNSTORABLE \(workflow \d+, key \w+, from [^)]+\): expected/,
      );
      const { rejections } = await app.api<{ rejections: object[] }>('POST', 'webhook:rejections', { workflowId: id });
      expect(rejections).toMatchObject([{ status: 422, code: 'UNSTORABLE' }]);
    } else {
      expect(response.status).toBe(200);
      const [{ context }] = await ended(app, key);
      expect(context.body).toEqual(JSON.parse(sample.body));
    }
  });
});

it('large concurrent events are all stored, in as many statements as they need', async () => {
  const { key } = await createWorkflow(app);
  // Each takes a statement of 8 MB on MariaDB, whose limit is 16 MB, and a batch takes several of them.
  const body = (id: number) => JSON.stringify({ a: '"'.repeat(1.3 * MB), id });
  const statuses = await Promise.all(Array.from({ length: 8 }, async (_, id) => (await send(key, body(id))).status));
  expect(statuses).toEqual(Array.from({ length: 8 }, () => 200));
  await settled(app);
  const ids = (await executions(app, key)).map(({ context }) => (context.body as { id: number }).id);
  expect(ids.sort((a, b) => a - b)).toEqual(Array.from({ length: 8 }, (_, id) => id));
});

it('a file whose record the database rejects gets 422, and nothing of it remains', async () => {
  // NocoBase's API doesn't list attachments, and its logo is one.
  const files = () => runSql('SELECT id FROM attachments');
  const before = await files();
  await runSql(REJECT_FILE[dialect as keyof typeof REJECT_FILE]);
  const { key } = await createWorkflow(app, { config: { request: { files: {} } } });
  const form = new FormData();
  form.append('first', new Blob(['x']), 'twelve.txt');
  form.append('second', new Blob(['x']), 'thirteen.txt');
  await expectRejected(await app.fetch(`webhook:trigger/${key}`, { method: 'POST', body: form }));
  expect(await executions(app, key)).toEqual([]);
  expect(await files()).toEqual(before);
});

// NocoBase's column is `json`; one that an owner has changed to `jsonb` accepts less.
if (dialect === 'postgres') {
  it.each([String.raw`{"a":"\u0000"}`, String.raw`{"a":"\ud800"}`])(
    'a jsonb column rejects %s with 422',
    async (body) => {
      await runSql(`ALTER TABLE executions ALTER COLUMN context TYPE jsonb USING '{}'::jsonb`);
      for (const sync of [false, true]) {
        const { key } = await createWorkflow(app, { sync });
        await expectRejected(await send(key, body));
        expect((await send(key, '{"a":"b"}')).status).toBe(200);
      }
      await runSql('ALTER TABLE executions ALTER COLUMN context TYPE json USING context::json');
    },
  );
}

describe('an event that the database rejects by a rule of its own', () => {
  beforeAll(() => runSql(REJECT_13[dialect as keyof typeof REJECT_13]));

  it('gets 422, and the rest of its batch is stored', async () => {
    const { key } = await createWorkflow(app);
    const ids = Array.from({ length: 24 }, (_, id) => id);
    const statuses = await Promise.all(ids.map(async (id) => (await send(key, JSON.stringify({ id }))).status));
    expect(ids.filter((id) => statuses[id] !== 200)).toEqual([13]);
    expect(statuses[13]).toBe(422);
    await settled(app);
    const stored = (await executions(app, key)).map(({ context }) => (context.body as { id: number }).id);
    expect(stored.sort((a, b) => a - b)).toEqual(ids.filter((id) => id !== 13));
  });

  it('gets 422 if it is synchronous, and the next one is executed', async () => {
    const { key } = await createWorkflow(app, { sync: true });
    await nextSecond();
    const before = app.logs().length;
    await expectRejected(await send(key, '{"id":13}'));
    await logged(app, '422 UNSTORABLE', before);
    expect((await send(key, '{"id":14}')).status).toBe(200);
    expect((await executions(app, key)).length).toBe(1);
  });
});
