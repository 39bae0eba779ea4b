import { join } from 'node:path';
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { workDir } from '../../scripts/lib/paths.mjs';
import type { App } from '../support/app';
import { waitFor } from '../support/wait';

/** NocoBase 2.2's two browser clients and the paths of their pages, below the public path. */
export const CLIENTS = {
  'the older client': { list: 'admin/settings/workflow', detail: 'admin/settings/workflow' },
  'the newer client': { list: 'v/admin/settings/workflow', detail: 'v/admin/workflow' },
} as const;

export type Client = keyof typeof CLIENTS;
export const clients = Object.keys(CLIENTS) as Client[];

/** Errors that NocoBase's own pages log in every app, with or without this plugin. */
const NOT_OURS = [
  /favicon/,
  // A failed form rule: NocoBase's drawers leave the rejected promise unhandled.
  /^Object$/,
];

const ERROR = '.ant-form-item-explain-error';

/**
 * Dialogs and drawers are in their place at once. A click on a button that still moves, which a busy machine shows as standing still
 * for two frames, can begin on the button and end beside it: then nothing happens. Not zero, because antd waits for the events at
 * the end of a motion.
 */
const PANELS_STAND_STILL = `.ant-modal, .ant-modal-mask, .ant-drawer-content-wrapper, .ant-drawer-mask {
  animation-duration: 1ms !important;
  transition-duration: 1ms !important;
}`;

/** Adds a style sheet to a page; runs in the page, before its own scripts. */
function addStyle(css: string): void {
  document.addEventListener('DOMContentLoaded', () => {
    const style = document.createElement('style');
    style.textContent = css;
    document.head.append(style);
  });
}

interface EditorOptions extends BrowserContextOptions {
  /** NocoBase's public path, with slashes around it. */
  publicPath?: string;
  /** The name of a sub-app. */
  subApp?: string;
  /** NocoBase's code of the language. */
  language?: string;
  /** The host in the address bar. Default: 127.0.0.1. */
  host?: string;
}

/** Signs in as the root user of a sub-app, which has its own users. */
export async function signInTo(app: App, subApp: string): Promise<string> {
  const response = await app.fetch('auth:signIn', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-authenticator': 'basic', 'x-app': subApp },
    body: JSON.stringify(app.account),
  });
  return ((await response.json()) as { data: { token: string } }).data.token;
}

/** The workflow editor of one client, signed in as the root user. */
export class Editor {
  /** The errors that the page logged, except those of NocoBase itself. */
  readonly errors: string[] = [];

  private constructor(
    readonly page: Page,
    private readonly context: BrowserContext,
    private readonly base: string,
    private readonly client: Client,
    private readonly subApp: string | undefined,
  ) {}

  static async open(
    browser: Browser,
    app: App,
    client: Client,
    { publicPath = '/', subApp, language = 'en-US', host = '127.0.0.1', ...options }: EditorOptions = {},
  ): Promise<Editor> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 1000 }, ...options });
    const token = subApp ? await signInTo(app, subApp) : await app.login();
    await context.addInitScript(
      ([signedIn, name, locale]) => {
        const prefix = name ? `${name.toUpperCase()}_` : '';
        for (const [key, value] of [
          ['TOKEN', signedIn],
          ['AUTH', 'basic'],
          ['ROLE', 'root'],
          ['LOCALE', locale],
        ]) {
          localStorage.setItem(`NOCOBASE_${prefix}${key}`, value);
          localStorage.setItem(`NOCOBASE_${key}`, value);
        }
      },
      [token, subApp ?? '', language] as const,
    );
    await context.addInitScript(addStyle, PANELS_STAND_STILL);
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    const editor = new Editor(page, context, `http://${host}:${app.port}${publicPath}`, client, subApp);
    const note = (text: string) => {
      if (!NOT_OURS.some((known) => known.test(text))) {
        editor.errors.push(text);
      }
    };
    page.on('console', (message) => message.type() === 'error' && note(`${message.text()} ${message.location().url}`));
    page.on('pageerror', (error) => note(error.message));
    return editor;
  }

  async close(): Promise<void> {
    await this.context.close();
  }

  /** Opens the page of a workflow. */
  async openWorkflow(id: string | number): Promise<void> {
    await this.page.goto(this.address(`${CLIENTS[this.client].detail}/workflows/${id}`));
    await this.triggerCard.waitFor({ timeout: 60_000 });
  }

  /** Opens the trigger's form of a workflow. */
  async openForm(id: string | number): Promise<Locator> {
    await this.openWorkflow(id);
    return this.openTrigger();
  }

  /** Returns the context of an execution as its page shows it. */
  async contextOfExecution(id: string | number): Promise<unknown> {
    await this.page.goto(this.address(`${CLIENTS[this.client].detail}/executions/${id}`));
    await this.triggerCard.getByRole('button').click({ timeout: 60_000 });
    const values = this.page.getByRole('dialog').getByRole('textbox').last();
    return JSON.parse(
      await waitFor('the values of the execution', () => values.inputValue().then((text) => text || false)),
    );
  }

  /** Creates a workflow like a user, and opens it. */
  async createWorkflow(title: string, mode: 'Synchronously' | 'Asynchronously'): Promise<void> {
    const { page } = this;
    await page.goto(this.address(CLIENTS[this.client].list));
    await page.getByRole('button', { name: 'Add new' }).first().click({ timeout: 60_000 });
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox').first().fill(title);
    await dialog
      .getByRole('combobox', { name: 'Trigger type' })
      .or(dialog.getByRole('button', { name: 'block-item-Select-workflows-Trigger type' }).locator('.ant-select'))
      .first()
      .click();
    await this.list.locator('.ant-select-item-option', { hasText: 'Webhook event' }).click();
    await dialog.getByRole('radio', { name: new RegExp(`^${mode}`) }).check();
    await dialog.getByRole('button', { name: 'Submit' }).click();
    await page.getByRole('row', { name: title }).getByText('Configure').click();
    await this.triggerCard.waitFor();
  }

  private address(path: string): string {
    const inApp = this.subApp ? path.replace(/^(v\/)?/, `$1apps/${this.subApp}/`) : path;
    return `${this.base}${inApp}`;
  }

  get triggerCard(): Locator {
    // NocoBase translates the label.
    return this.page.locator('[role=button]:is([aria-label^="Trigger-"], [aria-label^="Auslöser-"])');
  }

  /** Returns the card of the node with this title. */
  card(title: string): Locator {
    return this.page.locator(`[role=button][aria-label$="-${title}"]`);
  }

  /** The open form of this plugin. */
  get form(): Locator {
    return this.page.locator('[data-webhook-form]');
  }

  async openTrigger(): Promise<Locator> {
    return this.openCard(this.triggerCard);
  }

  async openCard(card: Locator): Promise<Locator> {
    await card.click({ position: { x: 10, y: 5 } });
    await this.form.waitFor();
    return this.form;
  }

  /** Opens "Execute manually". */
  async openManual(): Promise<Locator> {
    await this.page.getByRole('button', { name: 'Execute manually' }).click();
    await this.form.waitFor();
    return this.form;
  }

  /** Submits the open drawer and waits for it to close. */
  async submit(): Promise<void> {
    await this.page.getByRole('button', { name: 'Submit' }).click();
    await this.form.waitFor({ state: 'detached' }).catch(async (cause: Error) => {
      const errors = await this.page.locator(ERROR).allTextContents();
      throw new Error(`expected the form to close, but it shows ${JSON.stringify(errors)}`, { cause });
    });
  }

  async cancel(): Promise<void> {
    await this.page.getByRole('button', { name: 'Cancel' }).click();
    await this.form.waitFor({ state: 'detached' });
  }

  /** Closes the open drawer and its unsaved changes. */
  async discard(): Promise<void> {
    await this.page.getByRole('button', { name: 'Cancel' }).click();
    await this.page.getByRole('button', { name: 'Discard changes' }).click();
    await this.form.waitFor({ state: 'detached' });
  }

  /** Makes the webhook of the open form public. */
  async makePublic(): Promise<void> {
    await this.form.getByRole('radio', { name: 'Public (anyone with the URL)' }).click();
    await this.page.getByRole('button', { name: 'Make public' }).click();
  }

  /** Adds a node at the given plus sign, counted from the top. */
  async addNode(plus: number, name: string): Promise<void> {
    await this.page.locator('button[aria-label^="add-button"]').nth(plus).click();
    await this.page.getByRole('dialog').getByText(name, { exact: true }).click();
  }

  /** Saves a screenshot of a part of the page for the documentation, named after the client. */
  async picture(name: string, part: Locator, height = 1000): Promise<void> {
    const before = this.page.viewportSize();
    await this.page.setViewportSize({ width: 1280, height });
    await this.standStill();
    const path = join(workDir, 'screenshots', `${this.client === clients[0] ? 'v1' : 'v2'}-${name}.png`);
    await part.screenshot({ path, animations: 'disabled' });
    if (before) {
      await this.page.setViewportSize(before);
    }
  }

  /**
   * Waits for all animations to end, except endless ones (loading indicators). A drawer that is still sliding in is partly
   * outside the window and transparent, which would spoil screenshots and contrast checks.
   */
  async standStill(): Promise<void> {
    await this.page.waitForFunction(() =>
      document
        .getAnimations()
        .every((one) => one.playState !== 'running' || one.effect?.getComputedTiming().endTime === Infinity),
    );
  }

  /** The open drawer or dialog. */
  get panel(): Locator {
    return this.page.locator('.ant-drawer-content-wrapper:visible, .ant-modal-content:visible').last();
  }

  /** Chooses an option of a select by its text. */
  async choose(select: Locator, option: string): Promise<void> {
    // The text of the selected option covers the field.
    await select.click({ force: true });
    await this.list
      .locator('.ant-select-item-option')
      .filter({ hasText: new RegExp(`^${option}$`) })
      .click();
  }

  /** The open list of a field, once it has stopped moving: before, a click may miss its option. */
  get list(): Locator {
    return this.page.locator('.ant-select-dropdown:visible:not([class*="slide-up"])');
  }

  /** Opens a variable picker with its button, and picks a variable. */
  async pick(button: Locator, ...path: string[]): Promise<void> {
    await button.click();
    for (const name of path) {
      await this.list
        .locator('.ant-cascader-menu-item')
        .filter({ hasText: new RegExp(`^${name}$`) })
        .last()
        .click();
    }
  }
}

/** Returns a list of rows, or one row, by its accessible name. */
export function group(form: Locator, name: string): Locator {
  return form.locator(`div[role=group][aria-label="${name}"]`);
}

/** Returns the error with this text that is shown below its field. */
export function error(form: Locator, text: string): Locator {
  return form.locator(ERROR).filter({ hasText: text });
}
