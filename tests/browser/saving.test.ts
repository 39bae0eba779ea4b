import type { Browser, Locator } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { type App, createWorkflow } from '../support/app';
import { clients, Editor, error } from './editor';
import { configOf, useApp, useEditor } from './fixtures';

const config = {
  authentication: [{ scheme: { kind: 'token', from: { header: 'X-Token' } }, secrets: ['secret'] }],
};

let app: App;
let browser: Browser;

useApp((...given) => {
  [app, browser] = given;
});

describe.each(clients)('saving in %s', (client) => {
  let editor: Editor;

  useEditor(
    () => Editor.open(browser, app, client),
    (opened) => (editor = opened),
  );

  it('scrolls to the first field with an error, focuses it and names all at the button', async () => {
    const workflow = await createWorkflow(app, { title: 'Errors', config, enabled: false });
    const form = await editor.openForm(workflow.id);
    const secret = form.getByRole('textbox', { name: 'Secret 1' });
    await secret.fill('');
    await form.getByRole('combobox', { name: 'Status code' }).fill('99');
    await form.getByRole('textbox', { name: 'Response body' }).fill('{');
    expect(await isInView(secret)).toBe(false);
    const submit = editor.page.getByRole('button', { name: 'Submit' });
    await submit.click();

    const summary = editor.panel.getByRole('alert').filter({ hasText: 'Not saved.' });
    await summary.filter({ hasText: 'Needs attention: Secret 1, Status code, Response body' }).waitFor();
    expect(await isInView(summary)).toBe(true);
    await expect.poll(() => secret.evaluate((field) => field === document.activeElement)).toBe(true);
    await expect.poll(() => isInView(secret)).toBe(true);

    // A corrected field is no longer named, and the next Submit goes to the next one.
    await editor.page.keyboard.type('new');
    await summary.filter({ hasText: /attention: Status code, Response body$/ }).waitFor();
    await submit.click();
    await expect
      .poll(() => form.getByRole('combobox', { name: 'Status code' }).evaluate((it) => it === document.activeElement))
      .toBe(true);
    await form.getByRole('combobox', { name: 'Status code' }).fill('200');
    await form.getByRole('textbox', { name: 'Response body' }).fill('{}');
    await summary.waitFor({ state: 'detached' });
    await editor.submit();
  });

  it('goes to an error in a collapsed section', async () => {
    const limited = { ...config, rateLimit: { requests: 5, seconds: 60 } };
    const workflow = await createWorkflow(app, { title: 'Collapsed', config: limited, enabled: false });
    const form = await editor.openForm(workflow.id);
    const requests = form.getByRole('spinbutton', { name: 'Requests' });
    await requests.fill('');
    await form.getByRole('button', { name: 'Limits and duplicates' }).click();
    await editor.page.getByRole('button', { name: 'Submit' }).click();
    await error(form, 'Enter a number.').waitFor();
    await expect.poll(() => requests.evaluate((field) => field === document.activeElement)).toBe(true);
    expect(await configOf(app, workflow.id)).toEqual(limited);
    await requests.fill('6');
    await editor.submit();
  });

  it('asks before unsaved changes are discarded', async () => {
    const workflow = await createWorkflow(app, { title: 'Changed', config, enabled: false });
    const form = await editor.openForm(workflow.id);
    const status = form.getByRole('combobox', { name: 'Status code' });
    await status.fill('201');
    await editor.page.getByRole('button', { name: 'Cancel' }).click();
    const question = editor.page.getByRole('dialog').filter({ hasText: 'Discard unsaved changes?' });
    await question.getByRole('button', { name: 'Keep editing' }).click();
    await question.waitFor({ state: 'detached' });
    expect(await status.inputValue()).toBe('201');

    await editor.page.getByRole('button', { name: 'Close' }).click();
    await question.getByRole('button', { name: 'Discard changes' }).click();
    await form.waitFor({ state: 'detached' });
    expect(await configOf(app, workflow.id)).toEqual(config);
  });

  it('does not ask when nothing has changed or the changes are saved', async () => {
    const workflow = await createWorkflow(app, { title: 'Unchanged', config, enabled: false });
    const form = await editor.openForm(workflow.id);
    for (const name of ['URL verification', 'Limits and duplicates', 'Accepted requests']) {
      await form.getByRole('button', { name }).click();
    }
    const basic = form.getByRole('switch', { name: 'Basic auth' });
    await basic.click();
    await basic.click();
    await editor.cancel();

    const again = await editor.openTrigger();
    await again.getByRole('combobox', { name: 'Status code' }).fill('201');
    await editor.submit();
    expect((await configOf(app, workflow.id)).response).toEqual({ statusCode: 201 });
  });
});

/** Whether an element is inside the window and the part of the drawer that is scrolled into view. */
function isInView(element: Locator): Promise<boolean> {
  return element.evaluate((node) => {
    const { top, bottom, left } = node.getBoundingClientRect();
    const middle = document.elementFromPoint(left + 5, (top + bottom) / 2);
    return Boolean(middle && (node.contains(middle) || middle.contains(node)));
  });
}
