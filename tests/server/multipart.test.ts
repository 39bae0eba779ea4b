import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, bootApp, type CreatedWorkflow } from '../support/app';
import { logged, nextSecond, waitFor } from '../support/wait';
import { createWorkflow, ended, executions, settled } from './support';

let app: App;
let counter: CreatedWorkflow;
beforeAll(async () => {
  app = await bootApp();
  counter = await createWorkflow(app, {
    sync: true,
    nodes: [{ type: 'sql', config: { sql: 'SELECT COUNT(*) AS n FROM attachments' } }],
  });
});
afterAll(() => app.remove());

const PNG = Buffer.from('89504e470d0a1a0a0000000d4948445200000001', 'hex');

/** A form with a field and a file, as a browser sends it. */
function form(filename = 'scan.png', content: BlobPart = PNG, type = 'image/png'): FormData {
  const data = new FormData();
  data.append('order[id]', '7');
  data.append('order[scan]', new Blob([content], { type }), filename);
  return data;
}

const post = (key: string, body: BodyInit, headers: Record<string, string> = {}) =>
  app.fetch(`webhook:trigger/${key}`, { method: 'POST', headers, body });

const uploads = () => join(app.dir, 'storage/uploads');
const stored = () => (existsSync(uploads()) ? readdirSync(uploads()).sort() : []);

/** Returns the number of file records. */
async function records(): Promise<number> {
  await settled(app);
  await post(counter.key, '');
  const { id } = (await executions(app, counter.key)).at(-1) as { id: string };
  type Counted = { jobs: { result: { n: number | string }[] }[] };
  const { jobs } = await app.api<Counted>('GET', `executions:get?filterByTk=${id}&appends[]=jobs`);
  return Number(jobs[0].result[0].n);
}

/** Returns the context of the only execution. */
const contextOf = async (key: string) => (await ended(app, key))[0].context;

interface FileRecord {
  id: number;
  title: string;
  filename: string;
  extname: string;
  size: number;
  mimetype: string;
  url: string;
  storageId: number;
}

describe('a multipart body', () => {
  it('becomes the values of its fields, and name, type and size of its files', async () => {
    const { key } = await createWorkflow(app);
    const before = stored();
    expect((await post(key, form())).status).toBe(200);
    const scan = { filename: 'scan.png', mimetype: 'image/png', size: PNG.length };
    expect((await contextOf(key)).body).toEqual({ order: { id: '7', scan } });
    expect(stored()).toEqual(before);
  });

  it('that is malformed is rejected with what is wrong and where, and starts nothing', async () => {
    const { key } = await createWorkflow(app, { config: { request: { files: {} } } });
    const response = await post(key, '--b\r\nnonsense\r\n\r\n1\r\n--b--', {
      'content-type': 'multipart/form-data; boundary=b',
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      errors: [
        {
          code: 'MULTIPART_SYNTAX',
          message:
            'The multipart body is malformed: expected a header with a name and a colon, but found another line ' +
            'at line 2, column 1.',
        },
      ],
    });
    expect(await executions(app, key)).toEqual([]);
  });
});

describe('saved files', () => {
  const config = { request: { files: {} } };

  it('are in the file manager before the event is stored, and the variables are their records', async () => {
    const { key } = await createWorkflow(app, {
      config: {
        request: { keep: 'listed', files: {}, body: [{ key: 'order.id' }, { key: 'order.scan', _var: 'scan' }] },
        response: { body: '{{$context.body.scan.title}}' },
      },
    });
    const response = await post(key, form('Rechnung № 1.png'));
    expect([response.status, await response.text()]).toEqual([200, 'Rechnung № 1']);
    const { order, scan } = (await contextOf(key)).body as { order: object; scan: FileRecord };
    expect(order).toEqual({ id: '7' });
    expect(scan).toMatchObject({ title: 'Rechnung № 1', extname: '.png', size: PNG.length, mimetype: 'image/png' });
    expect(readFileSync(join(uploads(), scan.filename))).toEqual(PNG);
    expect(await app.api('GET', `attachments:get?filterByTk=${scan.id}`)).toMatchObject({ filename: scan.filename });
    const token = await app.login();
    const download = await fetch(new URL(scan.url, app.url), { headers: { authorization: `Bearer ${token}` } });
    expect(Buffer.from(await download.arrayBuffer())).toEqual(PNG);
  });

  it('may share a name, in a body that is judged off the main thread', async () => {
    const { key } = await createWorkflow(app, { config });
    const data = new FormData();
    const big = Buffer.alloc(100_000, 'x');
    for (const name of ['a.txt', 'b.txt']) {
      data.append('files[]', new Blob([big]), name);
    }
    expect((await post(key, data)).status).toBe(200);
    const { files } = (await contextOf(key)).body as { files: FileRecord[] };
    expect(files.map(({ title, size }) => [title, size])).toEqual([
      ['a', big.length],
      ['b', big.length],
    ]);
    for (const { filename } of files) {
      expect(readFileSync(join(uploads(), filename)).equals(big)).toBe(true);
    }
  });

  it('are available to a synchronous workflow and its Response node', async () => {
    const { key } = await createWorkflow(app, {
      sync: true,
      config,
      nodes: [{ type: 'response', config: { body: '{{$context.body.order.scan.size}}' } }],
    });
    const response = await post(key, form());
    expect([response.status, await response.json()]).toEqual([200, PNG.length]);
  });

  it('go to the configured storage, even with names that no file system accepts', async () => {
    const documentRoot = 'storage/uploads-of-webhooks';
    await app.api('POST', 'storages:create', {
      title: 'Webhooks',
      name: 'webhooks',
      type: 'local',
      baseUrl: '/storage/uploads-of-webhooks',
      rules: { size: 1000 },
      path: 'in',
      options: { documentRoot },
    });
    const { key } = await createWorkflow(app, { config: { request: { files: { storage: 'webhooks' } } } });
    const names = ['../../../evil.txt', `${'長'.repeat(300)}.txt`, '..', 'no extension', `a.${'x'.repeat(300)}`];
    for (const name of names) {
      expect((await post(key, form(name))).status, name).toBe(200);
    }
    const found = readdirSync(join(app.dir, documentRoot, 'in'));
    expect(found).toHaveLength(names.length);
    const contexts = await ended(app, key, names.length);
    const kept = contexts.map(({ context }) => (context.body as { order: { scan: FileRecord } }).order.scan);
    expect(kept.map(({ filename }) => filename).sort()).toEqual(found.sort());
    expect(kept[0].title).toBe('evil');
    const tooLarge = await post(key, form('large.txt', Buffer.alloc(1001)));
    expect([tooLarge.status, await tooLarge.json()]).toEqual([
      413,
      { errors: [{ code: 'FILE_TOO_LARGE', message: 'The file "large.txt" is larger than 1000 bytes.' }] },
    ]);
    expect(readdirSync(join(app.dir, documentRoot, 'in'))).toHaveLength(names.length);
  });

  it('have types that the storage accepts, whatever the sender claims', async () => {
    await app.api('POST', 'storages:create', {
      title: 'Images',
      name: 'images',
      type: 'local',
      baseUrl: '/storage/images',
      rules: { mimetype: 'image/png' },
      options: { documentRoot: 'storage/images' },
    });
    const { key } = await createWorkflow(app, { config: { request: { files: { storage: 'images' } } } });
    for (const [name, content, status] of [
      ['a.png', '<script>', 415],
      ['a.png', 'no picture, and nothing else', 200],
      ['page.html', PNG, 415],
      ['a.txt', 'text', 415],
      ['a.png', PNG, 200],
    ] as const) {
      expect((await post(key, form(name, content))).status, name).toBe(status);
    }
    expect(await ended(app, key, 2)).toHaveLength(2);
  });
});

describe('no file remains', () => {
  let files: string[];
  let rows: number;
  const remember = async () => {
    files = stored();
    rows = await records();
  };
  const expectNothingMore = async (more = 0) => {
    expect(stored()).toHaveLength(files.length + more);
    expect(await records()).toBe(rows + more);
  };

  it('of a request without the right credentials', async () => {
    const basicAuthentication = { username: 'u', password: 'p' };
    const { key } = await createWorkflow(app, { config: { basicAuthentication, request: { files: {} } } });
    await remember();
    expect((await post(key, form())).status).toBe(401);
    await expectNothingMore();
  });

  it.each([false, true])('of a duplicate (synchronous: %s)', async (sync) => {
    const { key } = await createWorkflow(app, {
      sync,
      config: { request: { files: {} }, idempotency: { source: 'body', key: 'order.id' } },
    });
    await remember();
    const answers = await Promise.all([0, 1, 2].map(() => post(key, form())));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const late = await post(key, form());
    expect([late.status, late.headers.get('idempotent-replayed')]).toEqual([200, 'true']);
    const { scan } = ((await contextOf(key)).body as { order: { scan: FileRecord } }).order;
    // The response arrives before unneeded files are deleted.
    await waitFor('the files of the duplicates to be removed', async () => stored().length === files.length + 1);
    await expectNothingMore(1);
    expect(readFileSync(join(uploads(), scan.filename))).toEqual(PNG);
  });

  it('of an event whose response can’t be built', async () => {
    // NocoBase calls a function that it finds at a template's path, here without the object that it needs.
    const response = { headers: [{ name: 'x-a', value: '{{$context.body.line.valueOf}}' }] };
    const { key } = await createWorkflow(app, { config: { request: { files: {} }, response } });
    await remember();
    const data = form();
    data.append('line', 'a');
    expect((await post(key, data)).status).toBe(500);
    await expectNothingMore();
  });

  it('of a form with a file that can’t be saved; the sender is asked to retry', async () => {
    const { key } = await createWorkflow(app, { config: { request: { files: {} } } });
    await remember();
    // A file in place of the storage's folder: then the storage can't write, no matter which user runs it.
    const aside = `${uploads()}-aside`;
    renameSync(uploads(), aside);
    writeFileSync(uploads(), '');
    try {
      const response = await post(key, form());
      expect(response.status).toBe(503);
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    } finally {
      rmSync(uploads());
      renameSync(aside, uploads());
    }
    await expectNothingMore();
    expect(await executions(app, key)).toEqual([]);
    expect((await post(key, form())).status).toBe(200);
  });
});

describe('files that can never be saved', () => {
  it('are a misconfiguration if the configured storage doesn’t exist', async () => {
    const { key } = await createWorkflow(app, { config: { request: { files: { storage: 'nosuch' } } } });
    await nextSecond();
    const response = await post(key, form());
    expect([response.status, await response.json()]).toMatchObject([
      500,
      { errors: [{ code: 'WEBHOOK_MISCONFIGURED' }] },
    ]);
    await logged(app, 'its files go to the storage "nosuch" of the file manager, but there is none');
    // Without a file there is nothing to save.
    expect((await post(key, '{}', { 'content-type': 'application/json' })).status).toBe(200);
  });

  it('can’t be configured in any other form', async () => {
    for (const files of [true, { storage: 1 }, { storage: '' }]) {
      await expect(createWorkflow(app, { config: { request: { files } } })).rejects.toThrow(/400/);
    }
  });
});

it('a manual execution accepts any values in place of files', async () => {
  const { id, key } = await createWorkflow(app, {
    enabled: false,
    config: { request: { files: {}, body: [{ key: 'scan.id' }] } },
  });
  await settled(app);
  await app.api('POST', `workflows:execute?filterByTk=${id}`, { body: { scan: { id: 1 } } });
  expect((await contextOf(key)).body).toEqual({ scan: { id: 1 } });
});

it('without the file manager, saving files is a misconfiguration and everything else works', async () => {
  const { key } = await createWorkflow(app, { config: { request: { files: {} } } });
  await settled(app);
  // The first depends on the second.
  for (const name of ['ai', 'file-manager'].map((name) => `@nocobase/plugin-${name}`)) {
    await app.api('POST', `pm:disable?filterByTk=${name}&awaitResponse=true`);
    await waitFor(`${name} to be disabled`, async () => {
      const plugins = await app.api<{ packageName: string; enabled: boolean }[]>('GET', 'pm:list');
      return plugins.some(({ packageName, enabled }) => packageName === name && !enabled);
    });
  }
  await app.restart();
  expect((await post(key, form())).status).toBe(500);
  await logged(app, 'the plugin "file-manager" is not enabled');
  expect((await post(key, '{}', { 'content-type': 'application/json' })).status).toBe(200);
});
