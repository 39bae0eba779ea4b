// Plugins in the plugin manager of an app.
import { execFileSync } from 'node:child_process';
import { mkdirSync, openAsBlob, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type App, nocobaseVersion } from '../support/app';
import { waitFor } from '../support/wait';

export interface ListedPlugin {
  packageName: string;
  version: string;
  enabled: boolean;
  builtIn: boolean;
  isCompatible: boolean;
  depsCompatible: { name: string; result: boolean }[];
}

/** Adds a plugin as the plugin manager does, and waits until it is enabled. */
export async function install(app: App, name: string, file: string): Promise<void> {
  const form = new FormData();
  form.set('file', await openAsBlob(file), `${name}.tgz`);
  await app.api('POST', 'pm:add', form);
  // NocoBase loads an added plugin after it has responded.
  await waitFor(`${name} to be known`, async () => (await listed(app, name)) !== undefined);
  await enable(app, name);
}

export async function enable(app: App, name: string): Promise<void> {
  await app.api('POST', `pm:enable?filterByTk=${name}&awaitResponse=true`);
  await waitFor(`${name} to be enabled`, async () => (await listed(app, name))?.enabled);
}

export async function listed(app: App, name: string): Promise<ListedPlugin | undefined> {
  const plugins = await app.api<ListedPlugin[]>('GET', 'pm:list');
  return plugins.find(({ packageName }) => packageName === name);
}

/** Packs a plugin of one file. */
export function packPlugin(app: App, name: string, source: string): string {
  const dir = join(app.dir, 'tmp', name, 'package');
  mkdirSync(join(dir, 'dist/server'), { recursive: true });
  writeFileSync(join(dir, 'package.json'), JSON.stringify({ name, version: '1.0.0', main: 'dist/server/index.js' }));
  writeFileSync(join(dir, 'server.js'), "module.exports = require('./dist/server/index.js');\n");
  writeFileSync(join(dir, 'dist/server/index.js'), source);
  writeFileSync(
    join(dir, 'dist/externalVersion.js'),
    `module.exports = { '@nocobase/server': '${nocobaseVersion}' };\n`,
  );
  execFileSync('tar', ['-czf', `${dir}.tgz`, '-C', join(dir, '..'), 'package']);
  return `${dir}.tgz`;
}
