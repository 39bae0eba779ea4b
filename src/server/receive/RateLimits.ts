import type { Application } from '@nocobase/server';
import RateLimiterMemory from 'rate-limiter-flexible/lib/RateLimiterMemory';
import RateLimiterRedis from 'rate-limiter-flexible/lib/RateLimiterRedis';
import type { RateLimit } from '../../../index';
import { PACKAGE_NAME } from '../../common/names';
import { within } from '../within';

/** What is used of node-redis's client. */
interface Redis {
  on(event: 'error', listener: (error: Error) => void): unknown;
}

interface Counter {
  limit: RateLimit;
  redis: Redis | undefined;
  /** Counts in Redis, where NocoBase's cache is there. */
  shared: RateLimiterRedis | undefined;
  /** Counts here alone. */
  own: RateLimiterMemory;
}

/** How long Redis may take before this node counts alone. */
const REDIS_MS = 500;

/** A line a minute says that Redis is away. */
const LINE_EVERY_MS = 60_000;

/**
 * Counts the events of webhooks that have a rate limit: together with the other nodes where NocoBase's cache is in Redis
 * (`CACHE_DEFAULT_STORE=redis`), else alone. While Redis can't be asked, each node counts alone.
 *
 * A limit's time begins with its first event. Only what {@link take} is called for counts.
 */
export class RateLimits {
  private readonly counters = new Map<string, Counter>();
  private readonly watched = new WeakSet<Redis>();
  private saidAt = -Infinity;

  constructor(private readonly app: Application) {}

  /** The milliseconds until a webhook takes another event; 0 if it takes one now. */
  async exhausted(key: string, limit: RateLimit): Promise<number> {
    const found = await this.ask(key, limit, (limiter) => limiter.get(key));
    return found && found.consumedPoints >= limit.requests ? waitOf(found) : 0;
  }

  /** Counts an event; the milliseconds until a webhook takes another one if this one was too many, else 0. */
  async take(key: string, limit: RateLimit): Promise<number> {
    const found = await this.ask(key, limit, async (limiter) => {
      try {
        return await limiter.consume(key);
      } catch (error) {
        // What was too many is thrown, and so is an error of Redis.
        if (error instanceof Error) {
          throw error;
        }
        return error as Awaited<ReturnType<typeof limiter.consume>>;
      }
    });
    return found && found.consumedPoints > limit.requests ? waitOf(found) : 0;
  }

  private async ask<T>(
    key: string,
    limit: RateLimit,
    question: (limiter: RateLimiterMemory | RateLimiterRedis) => Promise<T>,
  ): Promise<T> {
    const { shared, own } = this.counter(key, limit);
    if (shared) {
      try {
        return await within(REDIS_MS, question(shared));
      } catch (error) {
        this.say((error as Error).message);
      }
    }
    return question(own);
  }

  private counter(key: string, limit: RateLimit): Counter {
    const redis = this.redis();
    const known = this.counters.get(key);
    const { requests: points, seconds: duration } = limit;
    if (known?.redis === redis && known?.limit.requests === points && known.limit.seconds === duration) {
      return known;
    }
    // The time is in the name: a count that began under another one would end at its end.
    const options = { points, duration, keyPrefix: `${this.app.name}:webhook-limit:${duration}` };
    const counter: Counter = {
      limit,
      redis,
      shared:
        redis &&
        new RateLimiterRedis({ ...options, storeClient: redis, useRedisPackage: true, rejectIfRedisNotReady: true }),
      own: new RateLimiterMemory(options),
    };
    this.counters.set(key, counter);
    return counter;
  }

  // NocoBase makes its caches anew when it reloads, so the client is asked for each time.
  private redis(): Redis | undefined {
    const client = clientOf(this.app.cache.store);
    if (client && !this.watched.has(client)) {
      // NocoBase listens for no error of its clients, of which its caches have several. An error that nobody listens for ends
      // the process: a moment without Redis would.
      for (const { store } of this.app.cacheManager.caches.values()) {
        const other = clientOf(store);
        if (other && !this.watched.has(other)) {
          this.watched.add(other);
          other.on('error', ({ message }) => this.say(message));
        }
      }
    }
    return client;
  }

  private say(message: string): void {
    if (Date.now() - this.saidAt >= LINE_EVERY_MS) {
      this.saidAt = Date.now();
      this.app.logger.warn(`${PACKAGE_NAME}: rate limits are counted by this node alone, as Redis is away: ${message}`);
    }
  }
}

function clientOf(cache: { store: unknown }): Redis | undefined {
  return (cache.store as { client?: Redis }).client;
}

// A count whose time is just over says less than a millisecond.
function waitOf({ msBeforeNext }: { msBeforeNext: number }): number {
  return Math.max(1, msBeforeNext);
}
