import type { Browser } from 'playwright-core';
import { afterEach, describe, expect, it } from 'vitest';
import { PACKAGE_NAME } from '../../src/common/names';
import { type App, createWorkflow } from '../support/app';
import { waitFor } from '../support/wait';
import { OTHER_HOST } from './chromium';
import { clients, Editor, error, signInTo } from './editor';
import { useApp } from './fixtures';

const PUBLIC_PATH = '/nb/';
const SUB_APP = 'shop';

let app: App;
let browser: Browser;
let subAppToken: string;

/** Sends a request to the API of the sub-app as its root user. */
async function inSubApp<T = unknown>(path: string, values?: object, method = 'POST'): Promise<T> {
  const response = await app.fetch(path, {
    method,
    headers: { 'content-type': 'application/json', 'x-app': SUB_APP, authorization: `Bearer ${subAppToken}` },
    body: values && JSON.stringify(values),
  });
  const text = await response.text();
  if (!response.ok) {
    throw new Error(`${path} in the sub-app answered ${response.status}: ${text}`);
  }
  return (JSON.parse(text || '{}') as { data: T }).data;
}

useApp(
  async (...given) => {
    [app, browser] = given;
    await app.api('POST', 'pm:enable?filterByTk=@nocobase/plugin-multi-app-manager&awaitResponse=true');
    await waitFor('the main app', () => app.login());
    await app.api('POST', 'applications:create', { name: SUB_APP, displayName: SUB_APP, options: { autoStart: true } });
    subAppToken = await waitFor('the sub-app', () => signInTo(app, SUB_APP), 120_000);
    await inSubApp(`pm:enable?filterByTk=${PACKAGE_NAME}&awaitResponse=true`, {});
    await waitFor('the sub-app with the plugin', () => inSubApp('workflows:list', undefined, 'GET'), 60_000);
  },
  { env: { APP_PUBLIC_PATH: PUBLIC_PATH } },
);

describe.each(clients)('below a public path, in %s', (client) => {
  let editor: Editor;

  afterEach(async () => {
    expect(editor.errors).toEqual([]);
    await editor.close();
  });

  it('shows the URL of the webhook, and copies it without a secure context', async () => {
    // Neither https nor localhost: browsers have no clipboard API on such a page.
    editor = await Editor.open(browser, app, client, { publicPath: PUBLIC_PATH, host: OTHER_HOST });
    const workflow = await createWorkflow(app, { title: 'Public path' });
    await editor.openWorkflow(workflow.id);
    const form = await editor.openTrigger();
    const url = await form.getByRole('textbox', { name: 'Webhook URL' }).inputValue();
    expect(url).toBe(`http://${OTHER_HOST}:${app.port}/nb/api/webhook:trigger/${workflow.key}`);
    expect(await editor.page.evaluate(() => [isSecureContext, typeof navigator.clipboard])).toEqual([
      false,
      'undefined',
    ]);
    await form.getByRole('button', { name: 'Copy URL' }).click();
    await form.getByRole('status').filter({ hasText: 'Copied' }).first().waitFor({ state: 'attached' });
    // Pasting reveals what the clipboard contains.
    await form.getByRole('textbox', { name: 'Sample query string' }).focus();
    await editor.page.keyboard.press('Control+V');
    await expect.poll(() => form.getByRole('textbox', { name: 'Sample query string' }).inputValue()).toBe(url);
    const response = await fetch(url.replace(OTHER_HOST, '127.0.0.1'), { method: 'POST' });
    expect(response.status).toBe(200);
  });

  it('uses the language of the user', async () => {
    editor = await Editor.open(browser, app, client, { publicPath: PUBLIC_PATH, language: 'de-DE' });
    await app.api('POST', 'systemSettings:update?filterByTk=1', { enabledLanguages: ['en-US', 'de-DE'] });
    const workflow = await createWorkflow(app, { title: 'Sprache', enabled: false });
    await editor.openWorkflow(workflow.id);
    await editor.page.getByText('Webhook-Ereignis').first().waitFor();
    const form = await editor.openTrigger();
    await form.getByRole('button', { name: 'URL kopieren' }).waitFor();
    await form.getByText('Dieser Workflow ist deaktiviert.').waitFor();
    await form.getByRole('textbox', { name: 'Beispiel-Body' }).fill('{');
    await form.getByRole('button', { name: 'Felder aus dem Beispiel-Body generieren' }).click();
    await error(form, 'Zeile 1, Spalte 2: Das Beispiel ist unvollständig.').waitFor();
  });

  it('works in a sub-app and shows its URL', async () => {
    editor = await Editor.open(browser, app, client, { publicPath: PUBLIC_PATH, subApp: SUB_APP });
    const workflow = await inSubApp<{ id: number; key: string }>('workflows:create', {
      title: 'Sub-app',
      type: 'webhook',
      sync: false,
      config: { request: {} },
    });
    await editor.openWorkflow(workflow.id);
    const form = await editor.openTrigger();
    const url = await form.getByRole('textbox', { name: 'Webhook URL' }).inputValue();
    expect(url).toBe(`${app.url}/nb/api/__app/${SUB_APP}/webhook:trigger/${workflow.key}`);
    await form.getByRole('combobox', { name: 'Status code' }).fill('202');
    await form.getByRole('textbox', { name: 'Sample body' }).fill('{"a": 1}');
    await form.getByRole('button', { name: 'Generate fields from the sample body' }).click();
    await form.getByText('Fields found: 1 (1 new)').waitFor();
    await editor.submit();
    await inSubApp(`workflows:update?filterByTk=${workflow.id}`, { enabled: true });
    expect((await fetch(url, { method: 'POST' })).status).toBe(202);
  });
});
