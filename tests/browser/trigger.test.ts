import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { type App, createWorkflow } from '../support/app';
import { waitFor } from '../support/wait';
import { clients, Editor, error, group } from './editor';
import { configOf, useApp, useEditor } from './fixtures';

const shell = promisify(execFile);

const ACCEPT = { algorithm: 'sha256', encoding: 'hex', key: { form: 'text' } };

/** 32 random bytes in base64url. */
const SECRET = /^[\w-]{43}$/;

interface Execution {
  id: string;
  status: number;
  context: { headers: object; query: object; body: unknown };
}

let app: App;
let browser: Browser;

useApp((...given) => {
  [app, browser] = given;
});

async function workflowTitled(title: string) {
  const filter = encodeURIComponent(JSON.stringify({ title }));
  const [workflow] = await app.api<{ id: number; key: string }[]>('GET', `workflows:list?filter=${filter}`);
  return workflow;
}

function executionsOf(key: string): Promise<Execution[]> {
  const filter = encodeURIComponent(JSON.stringify({ key }));
  return app.api('GET', `executions:list?filter=${filter}&sort=-createdAt`);
}

describe.each(clients)('the trigger in %s', (client) => {
  let editor: Editor;

  useEditor(
    () => Editor.open(browser, app, client, { permissions: ['clipboard-read', 'clipboard-write'] }),
    (opened) => (editor = opened),
  );

  it('is created, configured and copied with the mouse alone, and accepts the copied request', async () => {
    const { page } = editor;
    const title = `Orders in ${client}`;
    await editor.createWorkflow(title, 'Asynchronously');
    const workflow = await workflowTitled(title);
    const form = await editor.openTrigger();

    const url = `${app.apiUrl}webhook:trigger/${workflow.key}`;
    await expect.poll(() => form.getByRole('textbox', { name: 'Webhook URL' }).inputValue()).toBe(url);

    // A new webhook requires a token.
    const secret = form.getByRole('textbox', { name: 'Secret 1' });
    await expect.poll(() => secret.inputValue()).toMatch(SECRET);
    expect(await secret.getAttribute('type')).toBe('password');
    await form.getByRole('switch', { name: 'Basic auth' }).click();
    await form.getByRole('textbox', { name: 'Username' }).fill('ann');
    const password = form.getByRole('textbox', { name: 'Password' });
    await password.fill(`it's a "secret"`);
    expect(await password.getAttribute('type')).toBe('password');

    await group(form, 'Request headers').getByRole('button', { name: 'Add header' }).click();
    // The focus is in the new row.
    await page.keyboard.type('X-Request-Id');

    await form.getByRole('textbox', { name: 'Sample query string' }).fill(`${url}?shop[id]=7&tags[]=new`);
    await form.getByRole('button', { name: 'Generate fields from the sample query string' }).click();
    const query = group(form, 'Query');
    await query.getByRole('textbox', { name: 'Path 1' }).waitFor();
    expect(await query.getByRole('textbox', { name: /^Path/ }).evaluateAll(valuesOf)).toEqual([
      'shop',
      'shop.id',
      'tags',
      'tags[0]',
    ]);
    await query.getByRole('button', { name: 'Delete row 1' }).click();
    await query.getByRole('button', { name: 'Delete row 2' }).click();
    await query.getByRole('textbox', { name: 'Display name 1' }).fill('Shop');
    await query.getByRole('button', { name: 'Move row 1 down' }).click();

    await form.getByRole('textbox', { name: 'Sample body' }).fill('{"order": {"id": 1, "paid": true}}');
    await form.getByRole('button', { name: 'Generate fields from the sample body' }).click();
    await form.getByText('Fields found: 3 (3 new)').waitFor();
    await group(form, 'Body').getByRole('textbox', { name: 'Display name 2' }).fill('Order number');

    await form.getByRole('combobox', { name: 'Status code' }).fill('20');
    // Click once the list has finished opening: before, the option may move away from the pointer.
    await editor.list.locator('.ant-select-item-option', { hasText: '202 Accepted' }).click();
    const headers = group(form, 'Response headers');
    await headers.getByRole('button', { name: 'Add header' }).click();
    await headers.getByRole('textbox', { name: 'Header name 1' }).fill('X-Shop');
    const value = form.getByRole('group', { name: 'Value of header 1' });
    await editor.pick(value.getByRole('button'), 'Trigger variables', 'Query', 'shop', 'Shop');
    const body = form.getByRole('textbox', { name: 'Response body' });
    await body.fill('{"received": ""}');
    await body.evaluate((field: HTMLTextAreaElement) => field.setSelectionRange(14, 14));
    // Unsaved rows can be used.
    await editor.pick(body.locator('xpath=../div//button'), 'Trigger variables', 'Body', 'order', 'Order number');

    await expect.poll(() => body.inputValue()).toBe('{"received": "{{$context.body.order.id}}"}');
    await expect.poll(() => form.getByRole('combobox', { name: 'Status code' }).inputValue()).toBe('202');

    await form.getByRole('button', { name: 'Copy cURL command' }).click();
    await form.getByRole('status').filter({ hasText: 'Copied' }).waitFor({ state: 'attached' });
    const command = await page.evaluate(() => navigator.clipboard.readText());
    const shown = await form.getByRole('textbox', { name: 'Test with cURL' }).inputValue();
    expect(shown).not.toContain('secret');
    expect(shown).not.toContain(await secret.inputValue());
    await editor.submit();

    const saved = await configOf(app, workflow.id);
    expect(saved).toEqual({
      authentication: [
        { scheme: { kind: 'token', from: { header: 'X-Webhook-Token' } }, secrets: [expect.stringMatching(SECRET)] },
      ],
      basicAuthentication: { username: 'ann', password: `it's a "secret"` },
      request: {
        keep: 'all',
        headers: [{ key: 'X-Request-Id' }],
        query: [
          { key: 'tags[0]', _var: 'tags_0' },
          { key: 'shop.id', alias: 'Shop' },
        ],
        body: [{ key: 'order' }, { key: 'order.id', alias: 'Order number' }, { key: 'order.paid' }],
      },
      response: {
        statusCode: 202,
        headers: [{ name: 'X-Shop', value: '{{$context.query.shop.id}}' }],
        body: { received: '{{$context.body.order.id}}' },
      },
    });

    await page.reload();
    await editor.triggerCard.waitFor();
    const again = await editor.openTrigger();
    await again
      .getByRole('group', { name: 'Value of header 1' })
      .getByText('Trigger variables/Query/shop/Shop')
      .waitFor();
    await expect.poll(() => again.getByRole('textbox', { name: 'Username' }).inputValue()).toBe('ann');
    await expect.poll(() => again.getByRole('combobox', { name: 'Status code' }).inputValue()).toBe('202');
    await editor.submit();
    expect(await configOf(app, workflow.id)).toEqual(saved);

    await app.api('POST', `workflows:update?filterByTk=${workflow.id}`, { enabled: true });
    const { stdout } = await shell('sh', ['-c', `${command} -s -i`]);
    expect(stdout).toMatch(/^HTTP\/1.1 202 /);
    expect(stdout).toMatch(/^x-shop: example\r$/im);
    expect(stdout).toMatch(/\{"received":"example"\}$/);
    const { stdout: rejected } = await shell('sh', ['-c', `${command.replace(/ -H 'X-Webhook-Token.*?'/, '')} -s -i`]);
    expect(rejected).toMatch(/^HTTP\/1.1 401 /);
    const execution = await waitFor('the execution', async () =>
      (await executionsOf(workflow.key)).find((one) => one.status === 1),
    );
    expect(execution.context.headers).toMatchObject({ 'X-Request-Id': 'example' });
    expect(execution.context.body).toMatchObject({ order: { id: 'example' } });
    expect(await editor.contextOfExecution(execution.id)).toEqual(execution.context);

    // An executed version is read-only, but its URL can still be copied.
    await editor.openWorkflow(workflow.id);
    const disabled = await editor.openTrigger();
    await page.getByRole('button', { name: 'Submit' }).waitFor({ state: 'detached' });
    await expect.poll(() => disabled.getByRole('textbox', { name: 'Username' }).isDisabled()).toBe(true);
    await disabled.getByRole('button', { name: 'Copy URL' }).click();
    await disabled.getByRole('status').filter({ hasText: 'Copied' }).first().waitFor({ state: 'attached' });
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(url);
  });

  it('keeps unknown keys of a config that was created elsewhere', async () => {
    const config = {
      basicAuthentication: { username: 'u', password: '{{$env.SECRET}}', realm: 'shop' },
      authentication: [
        { preset: 'stripe', secrets: ['whsec_1', '{{$env.NEXT}}'], note: 'kept' },
        {
          scheme: {
            kind: 'signature',
            from: { header: 'x' },
            accept: [ACCEPT],
            signed: { sorted: ['{secret}', '{body}'] },
          },
          secrets: ['s'],
        },
      ],
      later: { scheme: 'hmac', list: [1, { a: null }] },
      request: {
        headers: [{ key: 'X-Id', note: 'n' }],
        query: [{ key: 'a.b' }],
        body: [{ key: 'data.id', alias: 'Id', _var: 'body_$0', id: 'kept' }],
        params: [{ key: 'p' }],
      },
      response: {
        statusCode: 200,
        headers: [{ name: 'X', value: 'y', id: 7 }],
        body: ['{{$context.body.body_$0}}'],
        extra: 1,
      },
    };
    const workflow = await createWorkflow(app, { title: 'Made elsewhere', config, enabled: false });
    await editor.openWorkflow(workflow.id);
    const form = await editor.openTrigger();
    await form.getByRole('combobox', { name: 'Status code' }).fill('201');
    await editor.submit();
    expect(await configOf(app, workflow.id)).toEqual({ ...config, response: { ...config.response, statusCode: 201 } });
  });

  it('rejects invalid input with an error at each field', async () => {
    const workflow = await createWorkflow(app, { title: 'Wrong', enabled: false });
    await editor.openWorkflow(workflow.id);
    const form = await editor.openTrigger();
    const body = form.getByRole('textbox', { name: 'Response body' });
    const typed = '{\n  "ok": true,\n  "id": {{$context.body.id}}\n}';
    await body.fill(typed);
    await form.getByRole('combobox', { name: 'Status code' }).fill('99');
    // Requiring authentication for a public webhook adds a first method.
    await form.getByText('This endpoint is public. Anyone with the URL can trigger this workflow.').waitFor();
    await form.getByRole('radio', { name: 'Require authentication' }).check();
    await form.getByRole('textbox', { name: 'Secret 1' }).fill('');
    await form.getByRole('textbox', { name: 'Token location' }).fill('X Token');
    await form.getByRole('switch', { name: 'Basic auth' }).click();
    await form.getByRole('textbox', { name: 'Username' }).fill('a:b');
    await group(form, 'Response headers').getByRole('button', { name: 'Add header' }).click();
    await form.getByRole('textbox', { name: 'Header name 1' }).fill('X Bad');
    await editor.page.getByRole('button', { name: 'Submit' }).click();

    await error(form, 'Invalid JSON at line 3, column 10.').waitFor();
    await error(form, 'Enter a status code from 200 to 599.').waitFor();
    await error(form, "The username can't contain a colon.").waitFor();
    await error(form, 'Enter a password.').waitFor();
    await error(form, 'A header name starts with a letter').waitFor();
    await error(form, 'Enter a secret.').waitFor();
    await error(form, "A header name can't contain spaces or colons.").waitFor();
    expect(await body.inputValue()).toBe(typed);
    expect(await configOf(app, workflow.id)).toEqual({ request: {} });

    // The same is valid as plain text, and switching off Basic authentication removes its errors.
    await form.locator('.ant-radio-button-wrapper', { hasText: 'Text' }).click();
    expect(await body.inputValue()).toBe(typed);
    await form.getByRole('combobox', { name: 'Status code' }).fill('200');
    await form.getByRole('textbox', { name: 'Header name 1' }).fill('X-Good');
    await form.getByRole('switch', { name: 'Basic auth' }).click();
    await form.getByRole('button', { name: 'Delete Method 1' }).click();
    await editor.page.getByRole('button', { name: 'Submit' }).click();
    await error(form, 'Add an authentication method or select “Public (anyone with the URL)”.').waitFor();
    await editor.makePublic();
    await editor.submit();
    expect(await configOf(app, workflow.id)).toEqual({
      basicAuthentication: false,
      public: true,
      request: {},
      response: { statusCode: 200, headers: [{ name: 'X-Good' }], body: typed },
    });
  });

  it('shows where a sample is malformed, and keeps rows when it is parsed again', async () => {
    const config = {
      request: {
        body: [
          { key: 'order.id', alias: 'Order', _var: 'v_order' },
          { key: 'gone', _var: 'v_gone' },
        ],
      },
    };
    const workflow = await createWorkflow(app, { title: 'Samples', config, enabled: false });
    await editor.openWorkflow(workflow.id);
    const form = await editor.openTrigger();
    const sample = form.getByRole('textbox', { name: 'Sample body' });
    const parse = form.getByRole('button', { name: 'Generate fields from the sample body' });
    await sample.fill('{"order":\n {"id": }}');
    await parse.click();
    await error(form, 'Line 2, column 9: Unexpected character.').waitFor();

    await sample.fill('{"order": {"id": 1, "note": ""}}');
    await parse.click();
    await form.getByText('Fields found: 3 (2 new)').waitFor();
    await form.getByText('Not in this sample, but kept: gone').waitFor();
    const rows = group(form, 'Body');
    expect(await rows.getByRole('textbox', { name: /^Path/ }).evaluateAll(valuesOf)).toEqual([
      'order',
      'order.id',
      'order.note',
      'gone',
    ]);
    await form.getByRole('button', { name: 'Remove them' }).click();
    await rows.getByRole('textbox', { name: 'Path 4' }).waitFor({ state: 'detached' });
    await editor.submit();
    const body = (await configOf(app, workflow.id)).request?.body;
    expect(body).toHaveLength(3);
    expect(body?.[1]).toEqual({ key: 'order.id', alias: 'Order', _var: 'v_order' });
  });

  it('inserts a secret variable by its name', async () => {
    await app.api('POST', 'environmentVariables:create', {
      name: `HOOK_${client === clients[0] ? 'A' : 'B'}`,
      type: 'secret',
      value: 'hidden',
    });
    const name = `HOOK_${client === clients[0] ? 'A' : 'B'}`;
    const workflow = await createWorkflow(app, { title: 'Secret', enabled: false });
    await editor.openWorkflow(workflow.id);
    const form = await editor.openTrigger();
    await form.getByRole('radio', { name: 'Require authentication' }).check();
    await editor.pick(
      group(form, 'Secrets').getByRole('button', { name: 'Select a variable or secret' }),
      'Variables and secrets',
      name,
    );
    await form.getByRole('switch', { name: 'Basic auth' }).click();
    await form.getByRole('textbox', { name: 'Username' }).fill('ann');
    await editor.pick(
      form.getByRole('button', { name: 'Select a variable or secret' }).last(),
      'Variables and secrets',
      name,
    );
    await editor.submit();
    const saved = await configOf(app, workflow.id);
    expect(saved.basicAuthentication).toEqual({ username: 'ann', password: `{{$env.${name}}}` });
    expect(saved.authentication).toEqual([
      { scheme: { kind: 'token', from: { header: 'X-Webhook-Token' } }, secrets: [`{{$env.${name}}}`] },
    ]);
  });
});

function valuesOf(fields: (SVGElement | HTMLElement)[]): string[] {
  return fields.map((field) => (field as HTMLInputElement).value);
}
