import type { Cache } from '@nocobase/cache';
import type { Application } from '@nocobase/server';
import { PACKAGE_NAME } from '../../common/names';
import type { Rejection } from '../../common/rejection';
import type { CompiledEndpoint } from '../endpoints/CompiledEndpoint';
import type { WebhookEndpoint } from '../endpoints/Endpoints';
import type { Diagnosed, DiagnosedRequest, Reply } from '../native';
import { within } from '../within';

/** The statuses of rejections that say something about the sender or what it sent. */
const KEPT = new Set([400, 401, 403, 405, 413, 415, 422, 429]);

/** Rejections of one webhook that are kept. */
const MOST = 10;

/** How long they are kept: long enough to come back to after a weekend. */
const KEPT_MS = 7 * 24 * 60 * 60 * 1000;

/** Webhooks keep one rejection in this time: rejected requests must not keep the server busy. */
const INTERVAL_MS = 1000;

/** The most rejections that wait to be diagnosed, each with its body. Further ones are not kept. */
const MOST_WAITING = 20;

/** How long the cache may take: if it is Redis, it may be unreachable. */
const CACHE_MS = 2000;

/**
 * Keeps the last rejections of each webhook for its owner. They are in NocoBase's cache, so that with Redis every node sees those
 * of all nodes; if two nodes add one at the same moment, one of the two may be lost.
 */
export class RecentRejections {
  /** When a rejection of a webhook was kept last, by `performance.now()`: the clock may be set. */
  private readonly keptAt = new WeakMap<WebhookEndpoint, number>();
  private cache: Promise<Cache> | undefined;
  private waiting = 0;
  private stopped = false;
  // Diagnosed one after the other, so that all of them together occupy one thread at most.
  private last: Promise<void> = Promise.resolve();

  constructor(private readonly app: Application) {}

  /**
   * Keeps a rejection. The caller needn't wait, and no failure in here fails its request.
   *
   * @param request returns the request, whose body must not change any more
   */
  keep(webhook: WebhookEndpoint, { endpoint }: CompiledEndpoint, reply: Reply, request: () => DiagnosedRequest): void {
    const { code, status } = reply;
    if (code === undefined || !KEPT.has(status)) {
      return;
    }
    const now = performance.now();
    if (now - (this.keptAt.get(webhook) ?? -Infinity) < INTERVAL_MS || this.waiting >= MOST_WAITING) {
      return;
    }
    this.keptAt.set(webhook, now);
    const at = Date.now();
    const known = { ...request(), receivedAtMs: at };
    this.waiting += 1;
    this.last = this.last.then(async () => {
      if (this.stopped) {
        return;
      }
      try {
        const { checks, address } = JSON.parse(await endpoint.diagnose(known)) as Diagnosed;
        await this.add(webhook.workflow.key, {
          at,
          status,
          code,
          method: known.method ?? '',
          address: address ?? known.address ?? '',
          checks: checks.some(({ rejection }) => rejection?.code === code) ? checks : [],
        });
      } catch (error) {
        this.app.logger.warn(`${PACKAGE_NAME}: a rejected request could not be kept: ${(error as Error).message}`);
      } finally {
        this.waiting -= 1;
      }
    });
  }

  /** Stops keeping rejections, so that a stop doesn't wait for diagnoses. */
  stop(): void {
    this.stopped = true;
  }

  /** Returns the last rejections of a webhook, newest first. */
  async list(key: string): Promise<Rejection[]> {
    // Includes what was rejected before this call.
    await within(CACHE_MS, this.last).catch(() => undefined);
    return this.read(await this.open(), key);
  }

  private async add(key: string, rejection: Rejection): Promise<void> {
    const cache = await this.open();
    const kept = [rejection, ...(await this.read(cache, key))].slice(0, MOST);
    await within(CACHE_MS, cache.set(key, kept, KEPT_MS));
  }

  private async read(cache: Cache, key: string): Promise<Rejection[]> {
    return (await within(CACHE_MS, cache.get<Rejection[]>(key))) ?? [];
  }

  private open(): Promise<Cache> {
    return (this.cache ??= this.app.cacheManager.createCache({
      name: 'webhook-rejections',
      prefix: 'webhook-rejections',
    }));
  }
}
