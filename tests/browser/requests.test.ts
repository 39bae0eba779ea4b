import type { Browser, Locator } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { type App, createWorkflow } from '../support/app';
import { call, ended } from '../server/support';
import { clients, Editor } from './editor';
import { useApp, useEditor } from './fixtures';

let app: App;
let browser: Browser;

useApp((...given) => {
  [app, browser] = given;
});

const token = { scheme: { kind: 'token', from: { header: 'x-token' } }, secrets: ['s3cret'] };
const headers = { 'x-token': 's3cret' };

describe.each(clients)('the requests of a webhook in %s', (client) => {
  let editor: Editor;

  useEditor(
    () => Editor.open(browser, app, client),
    (opened) => (editor = opened),
  );

  const open = async (id: string | number): Promise<Locator> => {
    await editor.openWorkflow(id);
    const form = await editor.openTrigger();
    await form.getByRole('button', { name: 'Requests', exact: true }).click();
    return form;
  };
  const rows = (form: Locator) => form.locator('.ant-table-row');

  it('appear as they come, with what became of them and a link to the execution', async () => {
    const { id, key } = await createWorkflow(app, { title: 'Requests', config: { authentication: [token] } });
    const form = await open(id);
    await form.getByText('No requests yet. Send one to the URL above.').waitFor();

    expect((await call(app, key, { body: { a: 1 }, headers })).status).toBe(200);
    const [execution] = await ended(app, key);
    expect((await call(app, key, { body: { a: 1 } })).status).toBe(401);
    await expect
      .poll(() => rows(form).allInnerTexts(), { timeout: 20_000 })
      .toEqual([
        expect.stringMatching(/Rejected\s+POST\s+401 UNAUTHORIZED/) as string,
        expect.stringMatching(/Succeeded\s+POST\s+200\s+View/) as string,
      ]);
    const link = form.getByRole('link', { name: `Open execution ${execution.id}` });
    const [page] = await Promise.all([editor.page.context().waitForEvent('page'), link.click()]);
    await page.getByText(String(execution.id)).first().waitFor({ timeout: 60_000 });
    await page.close();
  });

  it('explain why one was rejected, and are filtered by result', async () => {
    const { id, key } = await createWorkflow(app, { title: 'Filtered', config: { authentication: [token] } });
    expect((await call(app, key, { body: {}, headers })).status).toBe(200);
    await ended(app, key);
    expect((await call(app, key, { body: {} })).status).toBe(401);

    const form = await open(id);
    await expect.poll(() => rows(form).count()).toBe(2);
    await rows(form).first().getByRole('button', { name: 'Expand row' }).click();
    await form.getByText('Missing: Header x-token').waitFor();
    await form.getByText('application/json', { exact: true }).waitFor();

    await editor.choose(form.getByRole('combobox', { name: 'Result' }), 'Duplicate');
    await form.getByText('No requests match.').waitFor();
    await editor.choose(form.getByRole('combobox', { name: 'Result' }), 'Accepted');
    await expect.poll(() => rows(form).allInnerTexts()).toEqual([expect.stringContaining('Succeeded') as string]);
  });

  it('are loaded page by page', async () => {
    const { id, key } = await createWorkflow(app, { title: 'Pages' });
    for (let n = 0; n < 25; n += 1) {
      expect((await call(app, key, { body: { n } })).status).toBe(200);
    }
    await ended(app, key, 25);
    const form = await open(id);
    await expect.poll(() => rows(form).count()).toBe(20);
    await form.getByRole('button', { name: 'Load more' }).click();
    await expect.poll(() => rows(form).count()).toBe(25);
    await form.getByRole('button', { name: 'Load more' }).waitFor({ state: 'detached' });
  });
});
