// What the plugin checks of NocoBase when it is loaded.
import { expect, it } from 'vitest';
import { missingParts } from '../../src/server/nocobase/requirements';

/** An object that has every property, each of which is a function and has every property in turn. */
const everything: unknown = new Proxy(() => undefined, { get: () => everything });
const owners = { app: everything, workflow: everything, '@nocobase/plugin-workflow': everything };

it('finds nothing missing where everything is there', () => {
  expect(missingParts(owners)).toEqual([]);
});

it('names each part that is missing', () => {
  const app = new Proxy({}, { get: (_, name) => (name === 'lockManager' ? {} : everything) });
  expect(missingParts({ ...owners, app })).toEqual(['app.lockManager.tryAcquire']);
});

it.each([[undefined], [null], [{}], [{ start: 1 }]])('finds everything of a plugin missing that is %j', (workflow) => {
  const missing = missingParts({ ...owners, workflow });
  expect(missing).toContain('workflow.start');
  expect(missing.every((name) => name.startsWith('workflow.'))).toBe(true);
});
