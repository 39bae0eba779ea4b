// Whether the plugin runs on a NocoBase is decided by what that NocoBase has, not by its version.
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { type App, bootApp, nocobaseVersion } from '../support/app';
import { call, createWorkflow } from './support';

// Each test boots an app.
vi.setConfig({ testTimeout: 240_000 });

const NODE_OPTIONS = `--require ${join(import.meta.dirname, 'foreign-nocobase.cjs')}`;

async function using(env: Record<string, string>, run: (app: App) => Promise<void>): Promise<void> {
  const app = await bootApp({ env: { NODE_OPTIONS, ...env } });
  try {
    await run(app);
  } finally {
    await app.remove();
  }
}

const errors = (app: App) =>
  app
    .logs()
    .split('\n')
    .filter((line) => line.includes('level=error') && line.includes(packageJson.name));

interface Listed {
  packageName: string;
  isCompatible: boolean;
  depsCompatible: { result: boolean }[];
}

it.each(['2.3.0', '3.0.0'])('is compatible with NocoBase %s for the plugin manager', (version) =>
  using({ TEST_NOCOBASE_VERSION: version }, async (app) => {
    const listed = await app.api<Listed[]>('GET', 'pm:list');
    const own = listed.find(({ packageName }) => packageName === packageJson.name);
    expect(own).toMatchObject({ isCompatible: true });
    // The check itself works: NocoBase's own plugins, which name the version they were built for, are rejected.
    const native = listed.find(({ packageName }) => packageName === '@nocobase/plugin-workflow');
    expect(native?.isCompatible).toBe(false);
    const { key } = await createWorkflow(app);
    expect((await call(app, key, { body: {} })).status).toBe(200);
  }),
);

it('leaves a NocoBase running that lacks what the plugin uses, and names it in one error', () =>
  using({ TEST_NOCOBASE_LACKS: 'lockManager.tryAcquire' }, async (app) => {
    expect(errors(app)).toHaveLength(1);
    expect(errors(app)[0]).toContain('app.lockManager.tryAcquire');
    expect(errors(app)[0]).toContain(nocobaseVersion);
    expect(await app.api('GET', 'users:list')).toHaveLength(1);
    expect((await app.fetch('webhook:trigger/key', { method: 'POST' })).status).toBe(503);
  }));
