import { defineConfig } from 'vitest/config';

/** Tests that boot a NocoBase, some of them several times: how long that may take on a busy machine. */
const realApp = { testTimeout: 180_000, hookTimeout: 240_000, globalSetup: ['tests/support/prepare.ts'] };

export default defineConfig({
  test: {
    // Each app takes a core while it starts and 300 MB while it runs.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['__test__/**/*.test.ts', 'tests/{client,unit}/**/*.test.ts'],
          testTimeout: 120_000,
          typecheck: { enabled: true, include: ['__test__/**/*.test-d.ts'], tsconfig: '__test__/tsconfig.json' },
        },
      },
      ...['server', 'services'].map((name) => ({
        test: { name, include: [`tests/${name}/**/*.test.ts`], ...realApp },
      })),
      {
        test: {
          ...realApp,
          name: 'upgrade',
          include: ['tests/upgrade/**/*.test.ts'],
          globalSetup: [...realApp.globalSetup, 'tests/upgrade/prepare.ts'],
        },
      },
      {
        // These wait until all that was accepted under load has been executed, which the engine does one by one.
        test: { ...realApp, name: 'crash', include: ['tests/crash/**/*.test.ts'], testTimeout: 240_000 },
      },
      {
        test: {
          ...realApp,
          name: 'browser',
          include: ['tests/browser/**/*.test.ts'],
          testTimeout: 120_000,
          expect: { poll: { timeout: 10_000 } },
          globalSetup: [...realApp.globalSetup, 'tests/browser/prepare.ts'],
        },
      },
    ],
  },
});
