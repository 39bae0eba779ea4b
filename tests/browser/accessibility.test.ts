import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AxeResults } from 'axe-core';
import type { Browser, Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../scripts/lib/paths.mjs';
import { type App, createWorkflow } from '../support/app';
import { ended } from '../server/support';
import { clients, Editor, error, group } from './editor';
import { useApp, useEditor } from './fixtures';

const axe = readFileSync(join(root, 'node_modules/axe-core/axe.min.js'), 'utf8');

/** The window heights that show each form as a whole, in px. */
const HEIGHTS: Record<string, number> = { trigger: 2600, response: 640, manual: 900, requests: 1400 };

const config = {
  basicAuthentication: { username: 'shop', password: 'secret' },
  authentication: [{ preset: 'github', secrets: ['secret'] }],
  request: {
    headers: [{ key: 'X-Request-Id' }],
    query: [{ key: 'shop.id', alias: 'Shop', _var: 'v_shop' }],
    body: [
      { key: 'order.id', alias: 'Order number', _var: 'v_id' },
      { key: 'order.status', alias: 'Order status', _var: 'v_status' },
    ],
  },
  response: {
    statusCode: 202,
    headers: [{ name: 'X-Order', value: '{{$context.body.v_id}}' }],
    body: { received: '{{$context.body.v_id}}' },
  },
};

/** A config that shows every part of the form. */
const everything = {
  ...config,
  authentication: [
    { preset: 'github', secrets: ['secret'] },
    {
      scheme: {
        kind: 'signature',
        from: { header: 'X-Signature' },
        accept: [{ prefix: 'v1=', algorithm: 'hmac-sha256', encoding: 'hex', key: { form: 'text' } }],
        signed: '{id}.{timestamp}.{body}',
        id: { header: 'X-Id' },
        timestamp: { from: { header: 'X-Time' }, tolerance: 300 },
      },
      secrets: ['{{$env.NEXT}}', 'secret'],
    },
    { scheme: { kind: 'jwt', algorithms: ['RS256'] }, secrets: ['a public key'] },
  ],
  handshake: { kind: 'feishu', verificationTokens: ['token'] },
  addresses: { allow: ['192.0.2.0/24', '2001:db8::1'], proxies: ['198.51.100.1'] },
  rateLimit: { requests: 10, seconds: 60 },
  idempotency: { source: 'header', key: 'X-Id' },
  request: { ...config.request, methods: ['POST', 'PUT'], params: [{ key: 'shop' }], files: { storage: 'local' } },
};

let app: App;
let browser: Browser;
let complete: { id: string | number };
let asynchronous: { id: string | number };
let synchronous: { id: string | number };
let received: { id: string | number; key: string };

useApp(async (...given) => {
  [app, browser] = given;
  asynchronous = await createWorkflow(app, { title: 'New orders', config, enabled: false });
  complete = await createWorkflow(app, { title: 'Everything', config: everything, enabled: false });
  received = await createWorkflow(app, {
    title: 'Payments',
    config: { authentication: [{ preset: 'gitlab-token', secrets: ['right'] }] },
  });
  for (const token of ['right', 'right', 'wrong']) {
    const headers = { 'content-type': 'application/json', 'x-gitlab-token': token };
    await app.fetch(`webhook:trigger/${received.key}`, { method: 'POST', headers, body: '{"paid":true}' });
  }
  await ended(app, received.key, 2);
  synchronous = await createWorkflow(app, {
    title: 'Order status',
    sync: true,
    enabled: false,
    config,
    nodes: [
      {
        type: 'response',
        title: 'Answer',
        config: { ...config.response, statusCode: 200, body: { order: '{{$context.body.v_id}}', known: true } },
      },
    ],
  });
});

/** Returns the violations that axe finds in the open form, one line per element. */
async function violations(editor: Editor): Promise<string[]> {
  await editor.page.evaluate(axe);
  await editor.standStill();
  return editor.page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(context: object): Promise<AxeResults> } };
    // Disabled fields may be paler; axe doesn't know antd's.
    const results = await axe.run({ include: ['[data-webhook-form]'], exclude: ['.ant-select-disabled'] });
    return results.violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`),
    );
  });
}

/** The forms of the plugin: a name, also for the screenshot, and how to open each. */
const forms: [name: string, open: (editor: Editor) => Promise<Locator>][] = [
  [
    'trigger',
    async (editor) => {
      await editor.openWorkflow(asynchronous.id);
      return editor.openTrigger();
    },
  ],
  [
    'trigger with everything',
    async (editor) => {
      await editor.openWorkflow(complete.id);
      return editor.openTrigger();
    },
  ],
  [
    'response',
    async (editor) => {
      await editor.openWorkflow(synchronous.id);
      return editor.openCard(editor.card('Answer'));
    },
  ],
  [
    'requests',
    async (editor) => {
      await editor.openWorkflow(received.id);
      const form = await editor.openTrigger();
      await form.getByRole('button', { name: 'Requests', exact: true }).click();
      await form.locator('.ant-table-row').getByRole('button', { name: 'Expand row' }).first().click();
      await form.getByText('No configured secret matches.').waitFor();
      return form;
    },
  ],
  [
    'manual',
    async (editor) => {
      await editor.openWorkflow(asynchronous.id);
      return editor.openManual();
    },
  ],
];

/** NocoBase's built-in themes: 2 is dark, 3 the default. */
async function useTheme(id: number): Promise<void> {
  for (const theme of [2, 3]) {
    await app.api('POST', `themeConfig:update?filterByTk=${theme}`, { default: theme === id });
  }
}

describe.each(clients)('the forms in %s', (client) => {
  let editor: Editor;

  useEditor(
    () => Editor.open(browser, app, client),
    (opened) => (editor = opened),
  );
  afterAll(() => useTheme(3));

  describe.each([
    ['light', 3],
    ['dark', 2],
  ])('in the %s theme', (theme, id) => {
    beforeAll(() => useTheme(id));

    it.each(forms)('have no accessibility violations: %s', async (name, open) => {
      await open(editor);
      expect(await violations(editor)).toEqual([]);
      if (HEIGHTS[name]) {
        await editor.picture(`${name}-${theme}`, editor.panel, HEIGHTS[name]);
      }
    });

    it('have no accessibility violations in the result of the debugger', async () => {
      await editor.openWorkflow(complete.id);
      const form = await editor.openTrigger();
      await form.getByRole('button', { name: 'Request debugger' }).focus();
      await editor.page.keyboard.press('Enter');
      await form.getByRole('textbox', { name: 'Request headers' }).fill('Content-Type: application/json');
      await form.getByRole('button', { name: 'Check request' }).focus();
      await editor.page.keyboard.press('Enter');
      // The result is in a live region, which screen readers announce.
      await form.locator('[role=status]').filter({ hasText: 'This request would be rejected.' }).waitFor();
      expect(await violations(editor)).toEqual([]);
    });

    it('have no accessibility violations while errors are shown', async () => {
      await editor.openWorkflow(asynchronous.id);
      const form = await editor.openTrigger();
      await group(form, 'Body').getByRole('button', { name: 'Add field' }).click();
      await form.getByRole('textbox', { name: 'Response body' }).fill('{');
      await form.getByRole('textbox', { name: 'Sample body' }).fill('{');
      await form.getByRole('button', { name: 'Generate fields from the sample body' }).click();
      await error(form, 'The sample is incomplete.').waitFor();
      await editor.page.getByRole('button', { name: 'Submit' }).click();
      const errors = form.locator('[role=alert]');
      await errors.filter({ hasText: 'Enter a path.' }).waitFor();
      await errors.filter({ hasText: 'Invalid JSON' }).waitFor();
      expect(await violations(editor)).toEqual([]);
    });
  });

  it.each(forms)('fit into a window of 360 px: %s', async (_name, open) => {
    await editor.page.setViewportSize({ width: 360, height: 740 });
    const form = await open(editor);
    const [needed, given] = await form.evaluate((element) => [element.scrollWidth, element.clientWidth]);
    expect(needed).toBeLessThanOrEqual(given);
    expect(await violations(editor)).toEqual([]);
    await editor.page.setViewportSize({ width: 1280, height: 1000 });
  });

  it('can be filled in with the keyboard alone', async () => {
    const workflow = await createWorkflow(app, { title: 'Keyboard', enabled: false });
    await editor.openWorkflow(workflow.id);
    const form = await editor.openTrigger();
    const { page } = editor;
    const focused = () =>
      page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.id);

    await form.getByRole('textbox', { name: 'Webhook URL' }).focus();
    const seen: (string | undefined)[] = [];
    for (const key of ['Tab', 'Tab', 'Tab']) {
      await page.keyboard.press(key);
      seen.push(await focused());
    }
    expect(seen[0]).toBe('Copy URL');
    expect(seen[2]).toBe('Copy cURL command');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowLeft');
    await form.getByRole('textbox', { name: 'Secret 1' }).waitFor();
    await form.getByRole('button', { name: 'Generate secret 1' }).focus();
    await page.keyboard.press('Enter');
    await form.getByRole('button', { name: 'Delete Method 1' }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('config_basicAuthentication');
    await page.keyboard.press('Space');
    await page.keyboard.press('Tab');
    await page.keyboard.type('ann');
    await form.getByRole('textbox', { name: 'Password' }).focus();
    await page.keyboard.type('secret');

    await group(form, 'Body').getByRole('button', { name: 'Add field' }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.type('first');
    await group(form, 'Body').getByRole('button', { name: 'Add field' }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.type('second');
    await form.getByRole('button', { name: 'Move row 2 up' }).focus();
    await page.keyboard.press('Enter');
    await form.getByRole('button', { name: 'Delete row 2' }).focus();
    await page.keyboard.press('Enter');
    // The row is gone, but the focus isn't lost.
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Add field');

    await page.getByRole('button', { name: 'Submit' }).focus();
    await page.keyboard.press('Enter');
    await form.waitFor({ state: 'detached' });
    const saved = await app.api<{ config: typeof config }>('GET', `workflows:get?filterByTk=${workflow.id}`);
    expect(saved.config.basicAuthentication).toEqual({ username: 'ann', password: 'secret' });
    expect(saved.config).not.toHaveProperty('authentication');
    expect(saved.config.request.body.map((row) => row.key)).toEqual(['second']);
  });
});
