import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { TriggerConfig } from '../../src/common/config';
import { type App, bootApp, type BootOptions } from '../support/app';
import { launchChromium } from './chromium';
import type { Editor } from './editor';

/** Starts an app and a browser for the tests of a file, and passes them to `ready` before the first test. */
export function useApp(ready: (app: App, browser: Browser) => unknown, options?: BootOptions): void {
  let app: App | undefined;
  let browser: Browser | undefined;
  beforeAll(async () => {
    [app, browser] = await Promise.all([bootApp(options), launchChromium()]);
    await ready(app, browser);
  });
  afterAll(async () => {
    await browser?.close();
    await app?.remove();
  });
}

/** Opens an editor for the tests of a `describe`, each of which fails if the page logs an error. */
export function useEditor(open: () => Promise<Editor>, ready: (editor: Editor) => unknown): void {
  let editor: Editor | undefined;
  beforeAll(async () => {
    editor = await open();
    await ready(editor);
  });
  afterEach(() => {
    expect(editor?.errors).toEqual([]);
  });
  afterAll(() => editor?.close());
}

/** Returns the saved config of a workflow. */
export async function configOf(app: App, id: string | number): Promise<TriggerConfig & Record<string, unknown>> {
  return (await app.api<{ config: TriggerConfig & Record<string, unknown> }>('GET', `workflows:get?filterByTk=${id}`))
    .config;
}
