import { getExecutionLockKey } from '@nocobase/plugin-workflow';
import type { Application } from '@nocobase/server';

/** What the keys of all executions' locks begin with. */
const PREFIX = getExecutionLockKey('');

/**
 * Removes the keys of executions' locks that nobody holds or waits for. NocoBase's locks in memory keep every key that they ever had,
 * 254 bytes for each execution, and an execution that has ended is never locked again.
 *
 * Changes the private static `locks` of NocoBase's lock adapter in memory. Verified with NocoBase 2.2.15, where a lock goes to the
 * next in line as soon as it is released, and a request for a lock joins the line at once. So a lock that isn't held has nobody
 * waiting, and the next request gets a new one. Fallback: with any other adapter, and where the map
 * doesn't exist, nothing is removed.
 */
export function forgetReleasedLocks(app: Application): void {
  const adapters: unknown = Reflect.get(app.lockManager, 'adapters');
  for (const adapter of adapters instanceof Map ? adapters.values() : []) {
    const locks: unknown = Reflect.get((adapter as object).constructor, 'locks');
    for (const [key, lock] of locks instanceof Map ? locks : []) {
      if (String(key).startsWith(PREFIX) && (lock as { isLocked?(): boolean }).isLocked?.() === false) {
        (locks as Map<unknown, unknown>).delete(key);
      }
    }
  }
}
