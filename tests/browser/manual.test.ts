import type { Browser } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { type App, createWorkflow } from '../support/app';
import { waitFor } from '../support/wait';
import { clients, Editor, error } from './editor';
import { useApp, useEditor } from './fixtures';

interface Execution {
  status: number;
  manually: boolean;
  context: unknown;
}

let app: App;
let browser: Browser;

useApp((...given) => {
  [app, browser] = given;
});

async function ended(key: string, count: number): Promise<Execution[]> {
  const filter = encodeURIComponent(JSON.stringify({ key }));
  return waitFor(`${count} executions`, async () => {
    const executions = await app.api<Execution[]>('GET', `executions:list?filter=${filter}&sort=-id`);
    return executions.filter((one) => one.status === 1).length === count && executions;
  });
}

describe.each(clients)('executing manually in %s', (client) => {
  let editor: Editor;

  useEditor(
    () => Editor.open(browser, app, client),
    (opened) => (editor = opened),
  );

  it('offers the configured rows, executes, and remembers what was entered', async () => {
    const { key, id } = await createWorkflow(app, {
      title: 'By hand',
      enabled: false,
      config: {
        request: {
          headers: [{ key: 'X-Request-Id' }],
          query: [{ key: 'shop.id', alias: 'Shop', _var: 'v_shop' }],
          body: [{ key: 'order.id', alias: 'Order', _var: 'v_order' }, { key: 'order.paid' }],
        },
      },
    });
    await editor.openWorkflow(id);
    const form = await editor.openManual();
    const body = form.getByRole('textbox', { name: 'Body (JSON)' });
    await expect.poll(() => form.getByRole('textbox', { name: 'X-Request-Id' }).inputValue()).toBe('example');
    await expect.poll(() => form.getByRole('textbox', { name: 'Shop' }).inputValue()).toBe('example');
    expect(JSON.parse(await body.inputValue())).toEqual({ order: { id: 'example', paid: 'example' } });
    await form.getByText('Fields: Order, order.paid').waitFor();

    await form.getByRole('textbox', { name: 'X-Request-Id' }).fill('r-1');
    await form.getByRole('textbox', { name: 'Shop' }).fill('7');
    await body.fill('{"order": {"id": 12');
    await editor.page.getByRole('button', { name: 'Confirm' }).click();
    await error(form, 'Invalid JSON at line 1, column 20.').waitFor();
    await body.fill('{"order": {"id": 12, "paid": false}}');
    await editor.page.getByRole('checkbox', { name: 'Automatically create a new version after execution' }).uncheck();
    await editor.page.getByRole('button', { name: 'Confirm' }).click();
    await form.waitFor({ state: 'detached' });

    const [execution] = await ended(key, 1);
    expect(execution.context).toMatchObject({
      headers: { 'X-Request-Id': 'r-1' },
      query: { shop: { id: '7' }, v_shop: '7' },
      body: { v_order: 12, order: { id: 12, paid: false } },
    });

    await editor.page.reload();
    await editor.triggerCard.waitFor();
    const again = await editor.openManual();
    await expect.poll(() => again.getByRole('textbox', { name: 'X-Request-Id' }).inputValue()).toBe('r-1');
    await expect.poll(() => again.getByRole('textbox', { name: 'Shop' }).inputValue()).toBe('7');
    expect(JSON.parse(await again.getByRole('textbox', { name: 'Body (JSON)' }).inputValue())).toEqual({
      order: { id: 12, paid: false },
    });
    await again.getByRole('button', { name: 'Reset to sample' }).click();
    await expect.poll(() => again.getByRole('textbox', { name: 'Shop' }).inputValue()).toBe('example');
    await editor.cancel();
  });

  it('passes the whole query and body if no rows are configured, both optional', async () => {
    const { key, id } = await createWorkflow(app, { title: 'Without rows', enabled: false });
    await editor.openWorkflow(id);
    const form = await editor.openManual();
    const query = form.getByRole('textbox', { name: 'Query (JSON)' });
    await query.fill('[1]');
    await editor.page.getByRole('button', { name: 'Confirm' }).click();
    await error(form, 'The query must be a JSON object').waitFor();
    await query.fill('{"a": ["1", "2"]}');
    await form.getByRole('textbox', { name: 'Body (JSON)' }).fill('[1, {"b": null}]');
    await editor.page.getByRole('button', { name: 'Confirm' }).click();
    await form.waitFor({ state: 'detached' });
    const [first] = await ended(key, 1);
    expect(first.context).toMatchObject({ query: { a: ['1', '2'] }, body: [1, { b: null }] });

    // The executed version was replaced by a new one.
    await editor.triggerCard.waitFor();
    const empty = await editor.openManual();
    await empty.getByRole('textbox', { name: 'Query (JSON)' }).fill('');
    await empty.getByRole('textbox', { name: 'Body (JSON)' }).fill('');
    await editor.page.getByRole('button', { name: 'Confirm' }).click();
    await empty.waitFor({ state: 'detached' });
    await ended(key, 2);
  });
});
