import type { Cache } from '@nocobase/cache';
import type { Application } from '@nocobase/server';
import { PACKAGE_NAME } from '../../common/names';
import type { Judge, WebhookEndpoint } from '../endpoints/Endpoints';
import type { Check, Diagnosed, DiagnosedRequest, Reply } from '../native';
import { within } from '../within';

/** A request that a webhook refused, as its owner sees it: nothing of its headers' values or its body. */
export interface KeptRefusal {
  /** When, in milliseconds since 1970. */
  at: number;
  status: number;
  code: string;
  method: string;
  /** Where it came from, as far as that can be told. */
  address: string;
  /** What each check came to at that time; empty where it was none of them that refused it. */
  checks: Check[];
}

/** The refusals that say something about the sender or what it sent. */
const KEPT = new Set([400, 401, 403, 405, 413, 415, 422, 429]);

/** Refusals of one webhook that are kept. */
const MOST = 10;

/** How long they are kept: long enough to come back to after a weekend. */
const KEPT_MS = 7 * 24 * 60 * 60 * 1000;

/** One a second of a webhook: who is refused must not be able to keep the server busy with it. */
const INTERVAL_MS = 1000;

/** Refusals that wait to be diagnosed at most, each with its body; further ones are not kept. */
const MOST_WAITING = 20;

/** How long the cache may take: where it is Redis, it may be away. */
const CACHE_MS = 2000;

/**
 * The last refusals of each webhook, for its owner. They are kept in NocoBase's cache, so that with Redis every node sees
 * those of all; two nodes that keep one at the same moment may lose the one.
 */
export class KeptRefusals {
  private readonly lastAt = new WeakMap<WebhookEndpoint, number>();
  private cache: Promise<Cache> | undefined;
  private waiting = 0;
  private stopped = false;
  // One after the other, so that all of them together take one thread at most.
  private last: Promise<void> = Promise.resolve();

  constructor(private readonly app: Application) {}

  /**
   * Keeps a refusal. The caller need not wait, and nothing it does fails a request.
   *
   * @param request gives the request, whose body must not be changed any more
   */
  keep(webhook: WebhookEndpoint, judge: Judge, reply: Reply, request: () => DiagnosedRequest): void {
    const { code, status } = reply;
    if (code === undefined || !KEPT.has(status)) {
      return;
    }
    const at = Date.now();
    if (at - (this.lastAt.get(webhook) ?? -Infinity) < INTERVAL_MS || this.waiting >= MOST_WAITING) {
      return;
    }
    this.lastAt.set(webhook, at);
    const known = { ...request(), at };
    this.waiting += 1;
    this.last = this.last.then(async () => {
      if (this.stopped) {
        return;
      }
      try {
        const { checks, address } = JSON.parse(await judge.endpoint.diagnose(known)) as Diagnosed;
        await this.add(webhook.workflow.key, {
          at,
          status,
          code,
          method: known.method ?? '',
          address: address ?? known.peer ?? '',
          checks: checks.some(({ rejection }) => rejection?.code === code) ? checks : [],
        });
      } catch (error) {
        this.app.logger.warn(`${PACKAGE_NAME}: a refused request could not be kept: ${(error as Error).message}`);
      } finally {
        this.waiting -= 1;
      }
    });
  }

  /** Keeps nothing any more, so that a stop waits for no diagnosis. */
  stop(): void {
    this.stopped = true;
  }

  /** The last refusals of a webhook, newest first. */
  async list(key: string): Promise<KeptRefusal[]> {
    // What was refused before this was asked for is to be in it.
    await within(CACHE_MS, this.last).catch(() => undefined);
    return this.read(await this.open(), key);
  }

  private async add(key: string, refusal: KeptRefusal): Promise<void> {
    const cache = await this.open();
    const kept = [refusal, ...(await this.read(cache, key))].slice(0, MOST);
    await within(CACHE_MS, cache.set(key, kept, KEPT_MS));
  }

  private async read(cache: Cache, key: string): Promise<KeptRefusal[]> {
    return (await within(CACHE_MS, cache.get<KeptRefusal[]>(key))) ?? [];
  }

  private open(): Promise<Cache> {
    return (this.cache ??= this.app.cacheManager.createCache({
      name: 'webhook-refusals',
      prefix: 'webhook-refusals',
    }));
  }
}
