import type { Application } from '@nocobase/server';

/** The part of node-redis's client that is used. */
export interface Redis {
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/**
 * Returns the Redis client of NocoBase's default cache, or `undefined` if that cache isn't in Redis.
 *
 * NocoBase's `Cache` has cache-manager's cache as its `store`, and that has the Redis store with the undocumented `client`.
 * Verified with NocoBase 2.2.15. Fallback: without it, each node counts alone.
 */
export function redisOf(app: Application): Redis | undefined {
  return clientOf(app.cache.store);
}

/** Returns the Redis clients of all of NocoBase's caches. Each cache has its own; NocoBase creates new ones when it reloads. */
export function allRedisOf(app: Application): Redis[] {
  return [...app.cacheManager.caches.values()].flatMap(({ store }) => clientOf(store) ?? []);
}

function clientOf(cache: unknown): Redis | undefined {
  return (cache as { store?: { client?: Redis } } | undefined)?.store?.client;
}
