import type { Application } from '@nocobase/server';
import RateLimiterMemory from 'rate-limiter-flexible/lib/RateLimiterMemory';
import RateLimiterRedis from 'rate-limiter-flexible/lib/RateLimiterRedis';
import type { RateLimit } from '../../../index';
import { PACKAGE_NAME } from '../../common/names';
import { allRedisOf, type Redis, redisOf } from '../nocobase/cacheRedis';
import { within } from '../within';

interface Counter {
  limit: RateLimit;
  redis: Redis | undefined;
  /** Counts in Redis, if NocoBase's cache is there. */
  shared: RateLimiterRedis | undefined;
  /** Counts in this process alone. */
  own: RateLimiterMemory;
}

/** How long Redis may take to answer before this node counts alone. */
const REDIS_MS = 500;

/** How often the log says that Redis is unreachable. */
const LINE_EVERY_MS = 60_000;

/**
 * Counts the events of webhooks that have a rate limit: together with the other nodes if NocoBase's cache is in Redis
 * (`CACHE_DEFAULT_STORE=redis`), else alone. While Redis is unreachable, each node counts alone.
 *
 * A limit's period begins with its first event. Only {@link take} counts.
 */
export class RateLimits {
  private readonly counters = new Map<string, Counter>();
  private readonly watched = new WeakSet<Redis>();
  private saidAt = -Infinity;

  constructor(private readonly app: Application) {}

  /** Returns the milliseconds until a webhook accepts another event; 0 if it accepts one now. */
  async exhausted(key: string, limit: RateLimit): Promise<number> {
    const found = await this.ask(key, limit, (limiter) => limiter.get(key));
    return found && found.consumedPoints >= limit.requests ? waitOf(found) : 0;
  }

  /** Counts an event. Returns the milliseconds until the webhook accepts another one if this one was too many, else 0. */
  async take(key: string, limit: RateLimit): Promise<number> {
    const found = await this.ask(key, limit, async (limiter) => {
      try {
        return await limiter.consume(key);
      } catch (error) {
        // rate-limiter-flexible throws the count that was over the limit, and errors of Redis.
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
    use: (limiter: RateLimiterMemory | RateLimiterRedis) => Promise<T>,
  ): Promise<T> {
    const { shared, own } = this.counter(key, limit);
    if (shared) {
      try {
        return await within(REDIS_MS, use(shared));
      } catch (error) {
        this.say((error as Error).message);
      }
    }
    return use(own);
  }

  private counter(key: string, limit: RateLimit): Counter {
    const redis = this.redis();
    const known = this.counters.get(key);
    const { requests: points, seconds: duration } = limit;
    if (known?.redis === redis && known?.limit.requests === points && known.limit.seconds === duration) {
      return known;
    }
    // The period is in the name: a count that began with another period would end at its end.
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

  // NocoBase creates its caches again when it reloads, so the client is looked up each time.
  private redis(): Redis | undefined {
    const client = redisOf(this.app);
    if (client && !this.watched.has(client)) {
      // NocoBase listens for no error of its clients, of which its caches have several. An error that nobody listens for ends
      // the process: a moment without Redis would.
      for (const other of allRedisOf(this.app)) {
        if (!this.watched.has(other)) {
          this.watched.add(other);
          other.on('error', ({ message }) => this.say(message));
        }
      }
    }
    return client;
  }

  private say(message: string): void {
    const now = performance.now();
    if (now - this.saidAt >= LINE_EVERY_MS) {
      this.saidAt = now;
      this.app.logger.warn(
        `${PACKAGE_NAME}: this node counts rate limits alone because Redis is unreachable: ${message}`,
      );
    }
  }
}

// A count whose period is just over has less than a millisecond left.
function waitOf({ msBeforeNext }: { msBeforeNext: number }): number {
  return Math.max(1, msBeforeNext);
}
