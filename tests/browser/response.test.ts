import type { Browser } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import type { TriggerConfig } from '../../src/common/config';
import { type App, createWorkflow } from '../support/app';
import { clients, Editor, error, group } from './editor';
import { useApp, useEditor } from './fixtures';

interface Node {
  id: number;
  title: string;
  type: string;
  branchIndex: number | null;
  config: Record<string, unknown>;
}

let app: App;
let browser: Browser;

useApp((...given) => {
  [app, browser] = given;
});

const nodesOf = (id: number | string) => app.api<Node[]>('GET', `workflows/${id}/nodes:list?sort=id`);

describe.each(clients)('the Response node in %s', (client) => {
  let editor: Editor;

  useEditor(
    () => Editor.open(browser, app, client),
    (opened) => (editor = opened),
  );

  it('responds according to a condition in a workflow built with the mouse alone, as in the documentation', async () => {
    const { page } = editor;
    const title = `Paid or not in ${client}`;
    await editor.createWorkflow(title, 'Synchronously');
    const filter = encodeURIComponent(JSON.stringify({ title }));
    const [{ id, key, config }] = await app.api<{ id: number; key: string; config: TriggerConfig }[]>(
      'GET',
      `workflows:list?filter=${filter}`,
    );

    const trigger = await editor.openTrigger();
    // The response of a synchronous workflow is in a node, not in the trigger.
    expect(await trigger.getByRole('combobox', { name: 'Status code' }).count()).toBe(0);
    await group(trigger, 'Body').getByRole('button', { name: 'Add field' }).click();
    await page.keyboard.type('order.status');
    await trigger.getByRole('textbox', { name: 'Display name 1' }).fill('Order status');
    await editor.submit();

    await editor.addNode(0, 'Condition');
    await page.getByRole('radio', { name: /^Branch into/ }).check();
    await page.getByRole('button', { name: 'Submit' }).click();
    await editor.card('Condition').click({ position: { x: 10, y: 5 } });
    await page.getByRole('button', { name: 'Add condition', exact: true }).click();
    const condition = page.getByRole('dialog');
    await editor.pick(
      condition.getByRole('button', { name: 'variable-switcher' }).first(),
      'Trigger variables',
      'Body',
      'order',
      'Order status',
    );
    await condition.getByText('Trigger variables / Body / order / Order status').waitFor();
    await condition.getByRole('textbox').last().fill('paid');
    await condition.getByRole('button', { name: 'Submit' }).click();
    await condition.waitFor({ state: 'detached' });

    for (const [branch, code, body] of [
      ['No', '422', '{"accepted": false, "status": ""}'],
      ['Yes', '200', '{"accepted": true, "status": ""}'],
    ]) {
      // From the top: below the trigger, in the branch "No", in the branch "Yes".
      await editor.addNode(branch === 'No' ? 1 : 2, 'Response');
      await page.locator('[aria-label="Response-Response"]').waitFor();
      const form = await editor.openCard(editor.card('Response'));
      await form.getByRole('combobox', { name: 'Status code' }).fill(code);
      const field = form.getByRole('textbox', { name: 'Response body' });
      await field.fill(body);
      const caret = body.length - 2;
      await field.evaluate((area: HTMLTextAreaElement, at) => area.setSelectionRange(at, at), caret);
      await editor.pick(field.locator('xpath=../div//button'), 'Trigger variables', 'Body', 'order', 'Order status');
      await group(form, 'Response headers').getByRole('button', { name: 'Add header' }).click();
      await page.keyboard.type('X-Status');
      await editor.pick(
        form.getByRole('group', { name: 'Value of header 1' }).getByRole('button'),
        'Trigger variables',
        'Body',
        'order',
        'Order status',
      );
      await editor.submit();
      const name = page.locator('[aria-label="Response-Response"]').getByRole('textbox');
      await name.fill(`Answer ${branch}`);
      await name.blur();
      await editor.card(`Answer ${branch}`).waitFor();
    }
    await editor.card('Answer No').getByText('Status code: 422 Unprocessable Content').waitFor();
    await editor.card('Answer Yes').getByText('Status code: 200 OK').waitFor();
    await editor.picture('canvas', page.locator('body'), 720);
    const nodes = await nodesOf(id);
    expect(nodes.map((node) => [node.title, node.type, node.branchIndex])).toEqual([
      ['Condition', 'condition', null],
      ['Answer No', 'response', 0],
      ['Answer Yes', 'response', 1],
    ]);

    // A picked variable is shown with its label again.
    const form = await editor.openCard(editor.card('Answer Yes'));
    await form.getByText('Trigger variables/Body/order/Order status').waitFor();
    await editor.cancel();

    await page.getByRole('switch').first().click();
    await expect
      .poll(async () => (await app.api<{ enabled: boolean }>('GET', `workflows:get?filterByTk=${id}`)).enabled)
      .toBe(true);
    const send = async (status: string) => {
      const response = await app.fetch(`webhook:trigger/${key}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-webhook-token': config.authentication?.[0].secrets?.[0] ?? '',
        },
        body: JSON.stringify({ order: { status } }),
      });
      return [response.status, await response.json(), response.headers.get('x-status')];
    };
    expect(await send('paid')).toEqual([200, { accepted: true, status: 'paid' }, 'paid']);
    expect(await send('open')).toEqual([422, { accepted: false, status: 'open' }, 'open']);
  });

  it('is disabled with a reason in an asynchronous workflow', async () => {
    const workflow = await createWorkflow(app, { title: 'Asynchronous', enabled: false });
    await editor.openWorkflow(workflow.id);
    await editor.page.locator('button[aria-label^="add-button"]').first().click();
    const item = editor.page.getByRole('dialog').getByText('Response', { exact: true });
    await item.hover();
    await editor.page
      .getByText('This type of node can not be used in current type of workflow or execute mode.')
      .waitFor();
    await item.click({ force: true });
    expect(await nodesOf(workflow.id)).toEqual([]);
  });

  it('keeps unknown keys of the config', async () => {
    const config = {
      statusCode: 201,
      headers: [{ name: 'A', value: 'b', id: 1 }],
      body: { a: [1, null] },
      later: { b: 2 },
    };
    const workflow = await createWorkflow(app, {
      title: 'Made elsewhere',
      sync: true,
      nodes: [{ type: 'response', title: 'Answer', config }],
      enabled: false,
    });
    await editor.openWorkflow(workflow.id);
    const form = await editor.openCard(editor.card('Answer'));
    await form.getByRole('combobox', { name: 'Status code' }).fill('202');
    await editor.submit();
    const [node] = await nodesOf(workflow.id);
    expect(node.config).toEqual({ ...config, statusCode: 202 });
  });

  it('neither saves nor drops a body that is not JSON', async () => {
    const workflow = await createWorkflow(app, {
      title: 'No JSON',
      sync: true,
      nodes: [{ type: 'response', title: 'Answer', config: { statusCode: 200, body: { a: 1 } } }],
      enabled: false,
    });
    await editor.openWorkflow(workflow.id);
    const form = await editor.openCard(editor.card('Answer'));
    const body = form.getByRole('textbox', { name: 'Response body' });
    await expect.poll(() => body.inputValue()).toBe('{\n  "a": 1\n}');
    await body.fill('{"n": 12345678901234567890}');
    await editor.page.getByRole('button', { name: 'Submit' }).click();
    await error(form, "The number at line 1, column 7 can't be stored exactly.").waitFor();
    await body.fill('{"a": 1, "a": 2}');
    await error(form, 'The key at line 1, column 10 is repeated.').waitFor();
    expect((await nodesOf(workflow.id))[0].config.body).toEqual({ a: 1 });
    await body.fill('{"a": 2}');
    await editor.submit();
    expect((await nodesOf(workflow.id))[0].config.body).toEqual({ a: 2 });
  });

  it('can be deleted like any node', async () => {
    const workflow = await createWorkflow(app, {
      title: 'Menu',
      sync: true,
      nodes: [{ type: 'response', title: 'Answer', config: { statusCode: 404 } }],
      enabled: false,
    });
    await editor.openWorkflow(workflow.id);
    const card = editor.card('Answer');
    await card.hover();
    await card.locator('.workflow-node-action-button, .workflow-node-actions button').first().hover();
    await editor.page.getByRole('menuitem', { name: 'Delete' }).click();
    await editor.page.getByRole('button', { name: /^(OK|Delete|Submit)$/ }).click();
    await expect.poll(() => nodesOf(workflow.id)).toEqual([]);
    await card.waitFor({ state: 'detached' });
  });
});
