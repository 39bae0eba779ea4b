import type { Browser, Locator } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { hasMethod } from '../../src/common/authentication';
import { type App, createWorkflow } from '../support/app';
import { clients, Editor, error, group } from './editor';
import { configOf, useApp, useEditor } from './fixtures';

const config = {
  authentication: [{ scheme: { kind: 'token', from: { header: 'X-Token' } }, secrets: ['first'] }],
};

/** How many controls the test with random operations uses, and in how many forms. */
const OPERATIONS = 15;
const SEEDS = [1, 2];

let app: App;
let browser: Browser;

useApp((...given) => {
  [app, browser] = given;
});

describe.each(clients)('a webhook with authentication in %s', (client) => {
  let editor: Editor;

  useEditor(
    () => Editor.open(browser, app, client),
    (opened) => (editor = opened),
  );

  it("isn't saved without its last authentication method", async () => {
    const workflow = await createWorkflow(app, { title: 'Last method', config });
    const form = await editor.openForm(workflow.id);
    await form.getByRole('button', { name: 'Delete Method 1' }).click();
    const missing = error(form, 'Add an authentication method or select “Public (anyone with the URL)”.');
    await missing.waitFor();
    await editor.page.getByRole('button', { name: 'Submit' }).click();
    await editor.panel.getByRole('alert').filter({ hasText: 'Not saved.' }).waitFor();
    expect(await configOf(app, workflow.id)).toEqual(config);

    await form.getByRole('button', { name: 'Add authentication method' }).click();
    await missing.waitFor({ state: 'detached' });
    await editor.submit();
    expect((await configOf(app, workflow.id)).authentication).toHaveLength(1);
  });

  it('becomes public only after a confirmation, which is saved', async () => {
    const workflow = await createWorkflow(app, { title: 'Public', config });
    const form = await editor.openForm(workflow.id);
    await form.getByRole('radio', { name: 'Public (anyone with the URL)' }).click();
    const question = editor.page.getByRole('dialog').filter({ hasText: 'Make this webhook public?' });
    await question.getByRole('button', { name: 'Cancel' }).click();
    await question.waitFor({ state: 'detached' });
    expect(await form.getByRole('radio', { name: 'Require authentication' }).isChecked()).toBe(true);
    await editor.makePublic();
    await form.getByText('This endpoint is public.').waitFor();
    await editor.submit();
    const saved = await configOf(app, workflow.id);
    expect(saved.public).toBe(true);
    expect(hasMethod(saved)).toBe(false);
  });

  it('clears the secret for a sender that issues its own, and reports one in another form at once', async () => {
    const workflow = await createWorkflow(app, { title: 'Switch', config });
    const form = await editor.openForm(workflow.id);
    const secret = form.getByRole('textbox', { name: 'Secret 1' });
    await editor.choose(form.getByRole('combobox', { name: 'Sender' }), 'GitHub');
    await expect.poll(() => secret.inputValue()).toBe('first');
    await editor.choose(form.getByRole('combobox', { name: 'Sender' }), 'Stripe');
    await expect.poll(() => secret.inputValue()).toBe('');
    await secret.fill('sk_live_1');
    const warning = form.getByText("This doesn't look like a secret of this sender. Expected: whsec_…");
    await warning.waitFor();
    await secret.fill('whsec_1');
    await warning.waitFor({ state: 'detached' });
    await editor.submit();
    expect((await configOf(app, workflow.id)).authentication).toEqual([{ preset: 'stripe', secrets: ['whsec_1'] }]);
  });

  it('asks before a secret in use is replaced, and offers to keep both', async () => {
    const workflow = await createWorkflow(app, { title: 'Rotation', config });
    const form = await editor.openForm(workflow.id);
    const secret = form.getByRole('textbox', { name: 'Secret 1' });
    const generate = form.getByRole('button', { name: 'Generate secret 1' });
    const answer = (name: string) =>
      editor.page.getByRole('dialog').filter({ hasText: 'may be in use' }).getByRole('button', { name });
    await generate.click();
    await answer('Undo').click();
    await expect.poll(() => secret.inputValue()).toBe('first');
    await generate.click();
    await answer('Keep both').click();
    await expect.poll(() => form.getByRole('textbox', { name: 'Secret 2' }).inputValue()).toBe('first');
    // The new one isn't in use yet.
    await answer('Keep both').waitFor({ state: 'detached' });
    await editor.submit();
    const [method] = (await configOf(app, workflow.id)).authentication ?? [];
    expect(method.secrets).toEqual([expect.stringMatching(/^[\w-]{43}$/), 'first']);
  });

  it.each(SEEDS)(
    "isn't made public by operating its controls at random, unless that is confirmed: %i",
    async (seed) => {
      const workflow = await createWorkflow(app, { title: `Random ${seed}`, config });
      const form = await editor.openForm(workflow.id);
      const section = form.locator('fieldset').filter({ hasText: 'Authentication' }).first();
      const random = generator(seed);
      const log: string[] = [];
      for (let step = 0; step < OPERATIONS; step += 1) {
        log.push(await operate(editor, section, random));
      }
      await editor.page.getByRole('button', { name: 'Submit' }).click();
      await Promise.race([
        form.waitFor({ state: 'detached' }),
        editor.panel.getByRole('alert').filter({ hasText: 'Not saved.' }).waitFor(),
      ]);
      const saved = await configOf(app, workflow.id);
      expect([hasMethod(saved), saved.public], log.join('\n')).toEqual([true, undefined]);
      expect((await app.fetch(`webhook:trigger/${workflow.key}`, { method: 'POST' })).status, log.join('\n')).not.toBe(
        200,
      );
      if (await group(form, 'Authentication methods').isVisible()) {
        await editor.page.reload();
      }
    },
  );
});

/** Returns pseudo-random numbers below the given one, the same for the same seed (Park and Miller). */
function generator(seed: number): (below: number) => number {
  let state = seed * 7919;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

/** Operates one random control of a section as a user would, and never confirms "Public". Returns what it did. */
async function operate(editor: Editor, section: Locator, random: (below: number) => number): Promise<string> {
  const controls = section.locator('button:visible:enabled, input:visible:enabled, textarea:visible:enabled');
  const control = controls.nth(random(await controls.count()));
  const label = (await control.getAttribute('aria-label')) ?? (await control.textContent());
  const role = (await control.getAttribute('role')) ?? (await control.getAttribute('type'));
  const name = `${role} ${label || (await control.getAttribute('id')) || (await control.getAttribute('value'))}`;
  if (role === 'combobox') {
    await control.press('ArrowDown');
    for (let step = random(6); step > 0; step -= 1) {
      await control.press('ArrowDown');
    }
    await control.press('Enter');
    await control.press('Escape');
  } else if (role === 'text' || role === 'password') {
    await control.fill(['', 'text', ' '][random(3)]);
    await control.blur();
  } else {
    await control.click({ force: true });
  }
  await dismiss(editor);
  return name;
}

/** Answers a question without confirming it, and closes an open list. */
async function dismiss(editor: Editor): Promise<void> {
  const dialog = editor.page.locator('.ant-modal-confirm:visible');
  // A question opens a moment after the control was operated.
  await editor.page.waitForTimeout(100);
  if (await dialog.count()) {
    // Unless the dialog is closing already.
    await dialog
      .getByRole('button')
      .first()
      .click({ timeout: 2000 })
      .catch(() => undefined);
    await dialog.waitFor({ state: 'detached' });
  }
  if (await editor.page.locator('.ant-cascader-dropdown:visible').count()) {
    await editor.page.keyboard.press('Escape');
    await editor.page.mouse.click(5, 5);
    await dialog
      .getByRole('button', { name: 'Keep editing' })
      .click({ timeout: 1000 })
      .catch(() => undefined);
  }
}
