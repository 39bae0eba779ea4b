import { createHmac } from 'node:crypto';
import type { Browser } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { type App, createWorkflow, setEnabled } from '../support/app';
import { settled } from '../server/support';
import { clients, Editor, error, group } from './editor';
import { configOf, useApp, useEditor } from './fixtures';

const ACCEPT = { algorithm: 'hmac-sha256', encoding: 'hex', key: { form: 'text' } };

let app: App;
let browser: Browser;

useApp((...given) => {
  [app, browser] = given;
});

describe.each(clients)('authentication, limits and accepted requests in %s', (client) => {
  let editor: Editor;

  useEditor(
    () => Editor.open(browser, app, client),
    (opened) => (editor = opened),
  );

  it('saves the preset of a provider, which can be customized', async () => {
    const workflow = await createWorkflow(app, { title: 'Preset', enabled: false });
    const form = await editor.openForm(workflow.id);
    await form.getByRole('radio', { name: 'Require authentication' }).check();
    await editor.choose(form.getByRole('combobox', { name: 'Sender' }), 'GitHub');
    await form.getByText('Use the same secret at the provider: Settings → Webhooks → Secret').waitFor();
    await form.getByRole('textbox', { name: 'Secret 1' }).fill('first');
    await form.getByRole('button', { name: 'Add secret (for rotation)' }).click();
    await editor.page.keyboard.type('second');
    await editor.submit();
    expect((await configOf(app, workflow.id)).authentication).toEqual([
      { preset: 'github', secrets: ['first', 'second'] },
    ]);

    const again = await editor.openForm(workflow.id);
    await again.getByRole('button', { name: 'Customize' }).click();
    const method = group(again, 'Method 1');
    await expect.poll(() => method.getByRole('textbox', { name: 'Signed content' }).inputValue()).toBe('{body}');
    await method.getByRole('textbox', { name: 'Signature location' }).fill('X-Forge-Signature');
    await method.getByRole('button', { name: 'Edit as JSON' }).click();
    const json = method.getByRole('textbox', { name: 'Signature scheme (JSON)' });
    const scheme = JSON.parse(await json.inputValue()) as object;
    expect(scheme).toMatchObject({ kind: 'signature', from: { header: 'X-Forge-Signature' } });
    await json.fill('{"kind": ');
    await error(again, 'Invalid JSON').waitFor();
    await expect.poll(() => method.getByRole('button', { name: 'Edit in form' }).isDisabled()).toBe(true);
    await json.fill('[]');
    await error(again, 'Must be a JSON object').waitFor();
    await json.fill(JSON.stringify({ ...scheme, separator: ',' }));
    await method.getByRole('button', { name: 'Edit in form' }).click();
    await method.getByText('Comma').waitFor();
    await editor.submit();
    expect((await configOf(app, workflow.id)).authentication).toEqual([
      { scheme: { ...scheme, separator: ',' }, secrets: ['first', 'second'] },
    ]);
  });

  it('fills in what a provider needs, and takes it out again with the provider', async () => {
    const config = { authentication: [{ preset: 'stripe', secrets: ['whsec_1'] }] };
    const workflow = await createWorkflow(app, { title: 'Provider', config, enabled: false });
    const form = await editor.openForm(workflow.id);
    const sender = form.getByRole('combobox', { name: 'Sender' });
    await editor.choose(sender, 'Slack');
    // The sections that are filled in open.
    await form.getByRole('switch', { name: 'Ignore duplicates', checked: true }).waitFor();
    await form.getByRole('textbox', { name: 'Secret 1' }).fill('0123456789abcdef0123456789abcdef');
    const link = form.getByRole('link', { name: 'Documentation' });
    expect(await link.getAttribute('href')).toMatch(/^https:\/\/docs\.slack\.dev\//);
    await editor.submit();
    expect(await configOf(app, workflow.id)).toMatchObject({
      authentication: [{ preset: 'slack', secrets: ['0123456789abcdef0123456789abcdef'] }],
      handshake: { kind: 'slack' },
      idempotency: { source: 'body', key: 'event_id' },
    });

    const again = await editor.openForm(workflow.id);
    await again.getByRole('combobox', { name: 'Sender' }).fill('GitHub');
    await editor.page.keyboard.press('Enter');
    await again.getByText('Select application/json as the content type.').waitFor();
    await editor.submit();
    const saved = await configOf(app, workflow.id);
    expect(saved).not.toHaveProperty('handshake');
    expect(saved.idempotency).toEqual({ source: 'header', key: 'X-GitHub-Delivery' });
    expect(saved.request?.headers).toEqual([{ key: 'X-GitHub-Event' }]);
  });

  it('goes back from a customized scheme to the preset in one click', async () => {
    const config = { authentication: [{ preset: 'stripe', secrets: ['whsec_1'] }] };
    const workflow = await createWorkflow(app, { title: 'Back', config, enabled: false });
    const form = await editor.openForm(workflow.id);
    await form.getByRole('button', { name: 'Customize' }).click();
    await form.getByRole('textbox', { name: 'Signed content' }).fill('{body}');
    await form.getByRole('button', { name: 'Back to Stripe' }).click();
    await form.getByRole('button', { name: 'Customize' }).waitFor();
    await editor.submit();
    expect((await configOf(app, workflow.id)).authentication).toEqual(config.authentication);
  });

  it('saves several methods, each of which can be deleted', async () => {
    const signature = { kind: 'signature', from: { header: 'X-Sig' }, signed: '{body}', accept: [ACCEPT] };
    const config = {
      authentication: [
        { preset: 'stripe', secrets: ['whsec_1'] },
        { scheme: signature, secrets: ['second'] },
        { preset: 'slack', secrets: ['third'] },
      ],
    };
    const workflow = await createWorkflow(app, { title: 'Several', config, enabled: false });
    const form = await editor.openForm(workflow.id);
    await form.getByRole('button', { name: 'Delete Method 1' }).click();
    const first = group(form, 'Method 1');
    await first.getByText('HMAC signature', { exact: true }).first().waitFor();
    await expect.poll(() => first.getByRole('textbox', { name: 'Signature location' }).inputValue()).toBe('X-Sig');
    await group(form, 'Method 2').getByText('Paste the secret from the provider: Your Apps').waitFor();
    await editor.submit();
    expect((await configOf(app, workflow.id)).authentication).toEqual(config.authentication.slice(1));
  });

  it('accepts requests signed as configured in the form, and rejects others with 401', async () => {
    const workflow = await createWorkflow(app, { title: 'Signed', enabled: false });
    const form = await editor.openForm(workflow.id);
    await form.getByRole('radio', { name: 'Require authentication' }).check();
    await editor.choose(form.getByRole('combobox', { name: 'Sender' }), 'HMAC signature');
    await form.getByRole('textbox', { name: 'Signed content' }).fill('{timestamp}.{body}');
    await editor.choose(form.getByRole('combobox', { name: 'Signature encoding' }), 'base64');
    await form.getByRole('textbox', { name: 'Prefix', exact: true }).fill('v1=');
    await form.getByRole('switch', { name: 'Verify timestamp (replay protection)' }).click();
    await form.getByRole('textbox', { name: 'Timestamp location' }).fill('X-Time');
    await form.getByText("This command isn't signed").waitFor();
    await form.getByRole('button', { name: 'Generate secret 1' }).click();
    const secret = await form.getByRole('textbox', { name: 'Secret 1' }).inputValue();
    await editor.submit();
    await setEnabled(app, workflow.id, true);

    const send = async (time: number, key: string) => {
      const signature = createHmac('sha256', key).update(`${time}.{}`).digest('base64');
      const headers = { 'content-type': 'application/json', 'x-time': String(time) };
      const response = await app.fetch(`webhook:trigger/${workflow.key}`, {
        method: 'POST',
        headers: { ...headers, 'x-webhook-signature': `v1=${signature}` },
        body: '{}',
      });
      return response.status;
    };
    const now = Math.floor(Date.now() / 1000);
    expect(await send(now, secret)).toBe(200);
    expect(await send(now, `${secret}x`)).toBe(401);
    expect(await send(now - 400, secret)).toBe(401);
    await settled(app);
  });

  it('saves URL verification, limits and accepted requests as entered', async () => {
    const workflow = await createWorkflow(app, { title: 'All sections', enabled: false });
    const form = await editor.openForm(workflow.id);
    const { page } = editor;

    await form.getByRole('button', { name: 'URL verification' }).click();
    await editor.choose(form.getByRole('combobox', { name: 'Provider' }), 'Meta, WhatsApp');
    await group(form, 'Verify token').getByRole('button', { name: 'Add secret (for rotation)' }).click();
    await page.keyboard.type('meatyhamhock');

    await form.getByRole('button', { name: 'Limits and duplicates' }).click();
    await form.getByRole('switch', { name: 'IP allowlist' }).click();
    await form.getByRole('combobox', { name: 'IP addresses or CIDR ranges' }).fill('10.0.0.0/8 example.com ');
    await error(form, 'Not a valid IP address or CIDR range: example.com').waitFor();
    await page.keyboard.press('Backspace');
    await error(form, 'This is neither').waitFor({ state: 'detached' });
    await editor.choose(form.getByRole('combobox', { name: 'Trusted proxies' }), 'Number of hops');
    await form.getByRole('spinbutton', { name: 'Proxy hops' }).fill('2');
    await form.getByRole('switch', { name: 'Rate limit' }).click();
    await form.getByRole('spinbutton', { name: 'Requests' }).fill('5');
    await form.getByRole('switch', { name: 'Ignore duplicates' }).click();
    await form.getByRole('textbox', { name: 'Header name or body path' }).fill('X Id');
    // A section with an error stays visible even when it is collapsed.
    await error(form, "A header name can't contain spaces or colons.").waitFor();
    await form.getByRole('button', { name: 'Limits and duplicates' }).click();
    expect(await error(form, "A header name can't contain spaces").isVisible()).toBe(true);
    await form.getByRole('textbox', { name: 'Header name or body path' }).fill('X-Id');
    await form.getByRole('textbox', { name: 'Header name or body path' }).waitFor({ state: 'hidden' });

    await form.getByRole('button', { name: 'Accepted requests' }).click();
    await editor.choose(form.getByRole('combobox', { name: 'HTTP methods' }), 'PUT');
    await editor.choose(form.getByRole('combobox', { name: 'Parse body as' }), 'text');
    await form.getByRole('spinbutton', { name: 'Maximum body size (bytes)' }).fill('1000');
    await form.getByRole('button', { name: 'Add parameter' }).click();
    await page.keyboard.type('shop');
    await form.getByRole('switch', { name: 'Expose raw body' }).click();
    await form.getByRole('switch', { name: 'Save uploaded files' }).click();
    await expect
      .poll(() => form.getByRole('textbox', { name: 'Webhook URL', exact: true }).inputValue())
      .toMatch(/\/\{shop\}$/);
    await form.getByText('Accepts PUT.').waitFor();

    // The new variables are available immediately.
    const body = form.getByRole('textbox', { name: 'Response body' });
    await editor.pick(body.locator('xpath=../div//button'), 'Trigger variables', 'Raw body');
    await expect.poll(() => body.inputValue()).toBe('{{$context.rawBody}}');
    await body.fill('"{{$context.params.shop}}"');
    await editor.submit();

    const saved = await configOf(app, workflow.id);
    expect(saved).toEqual({
      handshake: { kind: 'meta', verifyTokens: ['meatyhamhock'] },
      addresses: { allow: ['10.0.0.0/8'], proxies: 2 },
      rateLimit: { requests: 5, seconds: 60 },
      idempotency: { source: 'header', key: 'X-Id' },
      request: {
        methods: ['PUT'],
        readAs: 'text',
        bodyLimit: 1000,
        params: [{ key: 'shop' }],
        rawBody: true,
        files: {},
      },
      response: { statusCode: 200, body: '{{$context.params.shop}}' },
    });
    const again = await editor.openForm(workflow.id);
    // A section in use is expanded initially.
    await again.getByRole('switch', { name: 'Rate limit', checked: true }).waitFor();
    await editor.submit();
    expect(await configOf(app, workflow.id)).toEqual(saved);
  });

  it('saves what of a request is kept and in which order events are executed', async () => {
    const workflow = await createWorkflow(app, { title: 'Order', enabled: false });
    const form = await editor.openForm(workflow.id);
    await form.getByRole('button', { name: 'Accepted requests' }).click();
    await editor.choose(form.getByRole('combobox', { name: 'Data for the workflow' }), 'Only the values listed below');
    await form.getByRole('button', { name: 'Execution' }).click();
    const order = form.getByRole('combobox', { name: 'Execution order' });
    await editor.choose(order, 'In sequence by key');
    const key = form.getByRole('textbox', { name: 'Body path of the key' });
    await key.fill('items[].id');
    await error(form, "The path can't contain [].").waitFor();
    await key.fill('order.id');
    await form.getByRole('spinbutton', { name: 'Executions at a time' }).fill('8');
    await editor.submit();
    const saved = { request: { keep: 'listed' }, execution: { order: { by: 'order.id' }, parallel: 8 } };
    expect(await configOf(app, workflow.id)).toMatchObject(saved);

    const again = await editor.openForm(workflow.id);
    await again.getByRole('combobox', { name: 'Execution order' }).waitFor();
    await editor.choose(again.getByRole('combobox', { name: 'Execution order' }), 'In parallel');
    await editor.submit();
    expect(await configOf(app, workflow.id)).toMatchObject({ execution: { order: 'parallel', parallel: 8 } });

    const last = await editor.openForm(workflow.id);
    await editor.choose(last.getByRole('combobox', { name: 'Execution order' }), 'In sequence');
    await editor.choose(last.getByRole('combobox', { name: 'Data for the workflow' }), 'The whole request');
    await editor.submit();
    const config = await configOf(app, workflow.id);
    expect(config).toMatchObject({ request: { keep: 'all' } });
    expect(config).not.toHaveProperty('execution');
  });

  it('adds nothing to the config of a webhook that was created elsewhere and is only viewed', async () => {
    const workflow = await createWorkflow(app, { title: 'Viewed', enabled: false });
    const form = await editor.openForm(workflow.id);
    for (const name of ['URL verification', 'Limits and duplicates', 'Accepted requests', 'Execution']) {
      await form.getByRole('button', { name }).click();
    }
    await editor.submit();
    expect(await configOf(app, workflow.id)).toEqual({ request: {}, response: { statusCode: 200 } });
  });
});
