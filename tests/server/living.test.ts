import { describe, expect, it } from 'vitest';
import { type App, bootApp } from '../support/app';
import { call, createWorkflow, ended } from './support';

async function using(app: App, run: (app: App) => Promise<void>): Promise<void> {
  try {
    await run(app);
  } finally {
    await app.stop();
  }
}

describe('changed paths', () => {
  it('of the API and of the whole app are followed', async () => {
    const env = { APP_PUBLIC_PATH: '/nb/', API_BASE_PATH: '/rest/' };
    await using(await bootApp({ env }), async (app) => {
      const { key } = await createWorkflow(app);
      expect(app.apiUrl).toMatch(/\/nb\/rest\/$/);
      expect((await call(app, key, { body: {} })).status).toBe(200);
      expect(await ended(app, key)).toHaveLength(1);
    });
  });
});
