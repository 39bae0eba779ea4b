import { createHmac } from 'node:crypto';
import type { Browser, Locator } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { type App, createWorkflow } from '../support/app';
import { ended, settled } from '../server/support';
import { clients, Editor, error } from './editor';
import { useApp, useEditor } from './fixtures';

const SECRET = "It's a Secret to Everybody";
const BODY = 'Hello, World!';
const github = { preset: 'github', secrets: [SECRET] };
const sign = (body: string, secret = SECRET) => `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

let app: App;
let browser: Browser;

useApp((...given) => {
  [app, browser] = given;
});

/** Returns the text of each check in the latest result. */
async function steps(form: Locator): Promise<string[]> {
  return form.locator('[role=status] li').allInnerTexts();
}

describe.each(clients)('the debugger in %s', (client) => {
  let editor: Editor;

  useEditor(
    () => Editor.open(browser, app, client),
    (opened) => (editor = opened),
  );

  const open = async (id: string | number) => {
    await editor.openWorkflow(id);
    const form = await editor.openTrigger();
    await form.getByRole('button', { name: 'Request debugger' }).click();
    return form;
  };

  it('judges a pasted request by the form as typed, and explains what is wrong', async () => {
    const config = { authentication: [github], request: { headers: [] } };
    const workflow = await createWorkflow(app, { title: 'Pasted', config, enabled: false });
    const form = await open(workflow.id);
    const headers = form.getByRole('textbox', { name: 'Request headers' });
    const body = form.getByRole('textbox', { name: 'Raw request body' });
    const run = form.getByRole('button', { name: 'Check request' });

    await headers.fill('Content-Type: text/plain');
    await body.fill(BODY);
    await run.click();
    await form.getByText('This request would be rejected.').waitFor();
    await expect.poll(async () => (await steps(form)).join('\n')).toContain('Missing: Header x-hub-signature-256');

    await headers.fill(`POST /hook HTTP/1.1\nContent-Type: text/plain\nX-Hub-Signature-256: ${sign(`${BODY}\n`)}`);
    await run.click();
    await form.getByText('The signature matches if whitespace differs').waitFor();
    await expect
      .poll(() => steps(form))
      .toContainEqual(expect.stringMatching(/^Method 1: Failed\nNo configured secret matches/));

    // An unsaved secret counts.
    await headers.fill(`Content-Type: text/plain\nX-Hub-Signature-256: ${sign(BODY, 'next')}`);
    await form.getByRole('textbox', { name: 'Secret 1' }).fill('next');
    await run.click();
    await form.getByText('This request would be accepted.').waitFor();
    await expect.poll(() => steps(form)).toContain('Method 1: Passed');
    expect(await form.locator('[role=status]').allInnerTexts()).not.toContainEqual(
      expect.stringMatching(/next|Everybody/),
    );

    await headers.fill('not a header');
    await run.click();
    await form.locator('[role=status] [role=alert]').filter({ hasText: 'at line 1' }).waitFor();
    // The browser logs the 400 itself.
    await expect.poll(() => editor.errors.splice(0, 1)).toHaveLength(1);
    expect(await error(form, '').count()).toBe(0);
    await editor.discard();
    expect((await app.api<{ config: object }>('GET', `workflows:get?filterByTk=${workflow.id}`)).config).toEqual(
      config,
    );
  });

  it('says by how much the clock is off, and accepts the time of an older request', async () => {
    const config = { authentication: [{ preset: 'slack', secrets: [SECRET] }] };
    const workflow = await createWorkflow(app, { title: 'Clock', config, enabled: false });
    const form = await open(workflow.id);
    const time = Math.floor(Date.UTC(2024, 0, 2, 3, 4, 5) / 1000);
    const signature = createHmac('sha256', SECRET).update(`v0:${time}:{}`).digest('hex');
    await form
      .getByRole('textbox', { name: 'Request headers' })
      .fill(`Content-Type: application/json\nX-Slack-Request-Timestamp: ${time}\nX-Slack-Signature: v0=${signature}`);
    await form.getByRole('textbox', { name: 'Raw request body' }).fill('{}');
    await form.getByRole('button', { name: 'Check request' }).click();
    await form.getByText(/^Timestamp too old: \d{8,} s \(tolerance 300 s\)\.$/).waitFor();
    const here = await editor.page.evaluate(
      (ms) => new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 19),
      (time + 60) * 1000,
    );
    await form.getByLabel('Received at').fill(here);
    await form.getByRole('button', { name: 'Check request' }).click();
    await form.getByText('This request would be accepted.').waitFor();
  });

  it('explains recent rejections, also in an executed version', async () => {
    const { id, key } = await createWorkflow(app, { title: 'Rejected', config: { authentication: [github] } });
    const send = (signature: string) =>
      app.fetch(`webhook:trigger/${key}`, {
        method: 'POST',
        headers: { 'content-type': 'text/plain', 'x-hub-signature-256': signature },
        body: BODY,
      });
    expect((await send(sign(BODY))).status).toBe(200);
    await ended(app, key);
    expect((await send(sign(BODY, 'another'))).status).toBe(401);
    await settled(app);

    const form = await open(id);
    await editor.page.getByRole('button', { name: 'Submit' }).waitFor({ state: 'detached' });
    await form.getByRole('combobox', { name: 'Recent rejected requests' }).click({ force: true });
    await editor.list.locator('.ant-select-item-option').filter({ hasText: 'POST · 401' }).click();
    await form.getByText('This request was rejected.').waitFor();
    await expect
      .poll(() => steps(form))
      .toContainEqual(
        expect.stringMatching(/^Method 1: Failed\nNo configured secret matches\.\nCheck that the secret/),
      );
  });
});
