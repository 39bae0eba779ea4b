import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { TriggerConfig } from '../../src/common/config';
import { type App, bootApp, type BootOptions } from '../support/app';
import { launchChromium } from './chromium';
import type { Editor } from './editor';

/** An app and a browser for the tests of a file; `ready` is given them before the first test. */
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

/** An editor for the tests of a `describe`, none of which may make the page print an error. */
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

/** The configuration of a workflow as it was saved. */
export async function configOf(app: App, id: string | number): Promise<TriggerConfig & Record<string, unknown>> {
  return (await app.api<{ config: TriggerConfig & Record<string, unknown> }>('GET', `workflows:get?filterByTk=${id}`))
    .config;
}
