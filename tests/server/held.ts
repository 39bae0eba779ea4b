// Executions that run until the test releases them.
import { join } from 'node:path';
import { type App, bootApp } from '../support/app';
import { Holder } from '../support/holder';
import { createWorkflow } from './support';

export const holder = new Holder();

/** Boots an app in which three executions run at a time, with the node of {@link createHeld}. */
export async function bootHeld(): Promise<App> {
  await holder.start();
  const NODE_OPTIONS = `--require ${join(import.meta.dirname, 'engine-probe.cjs')}`;
  return bootApp({ env: { NODE_OPTIONS, WEBHOOK_RUN_CONCURRENCY: '3' } });
}

/** Releases what runs, and removes the app. */
export async function removeHeld(app: App | undefined): Promise<void> {
  holder.open();
  await app?.remove();
  holder.stop();
}

/** Creates a webhook whose executions each wait for the release of `<name>-<n>`, n being a value of the body. Returns its key. */
export async function createHeld(
  app: App,
  name: string,
  definition: Parameters<typeof createWorkflow>[1] = {},
): Promise<string> {
  const { config } = holder.node(`${name}-{{$context.body.n}}`);
  const { key } = await createWorkflow(app, { nodes: [{ type: 'held', config }], ...definition });
  return key;
}
