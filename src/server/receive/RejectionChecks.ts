import type { Application } from '@nocobase/server';
import { PACKAGE_NAME } from '../../common/names';
import type { CompiledEndpoint } from '../endpoints/CompiledEndpoint';
import type { WebhookEndpoint } from '../endpoints/Endpoints';
import type { Diagnosed, DiagnosedRequest, Reply } from '../native';

/** The statuses of rejections that say something about the sender or what it sent. */
const DIAGNOSED = new Set([400, 401, 403, 405, 413, 415, 422, 429]);

/** One rejection of a webhook is diagnosed in this time: rejected requests must not keep the server busy. */
const INTERVAL_MS = 1000;

/** The most rejections that wait to be diagnosed, each with its body. */
const MOST_WAITING = 20;

/** Finds out which check a rejected request failed and which it passed, for the webhook's owner. */
export class RejectionChecks {
  /** When a rejection of a webhook was diagnosed last, by `performance.now()`: the clock may be set. */
  private readonly diagnosedAt = new WeakMap<WebhookEndpoint, number>();
  private waiting = 0;
  private stopped = false;
  // One after the other, so that all of them together occupy one thread at most.
  private last: Promise<void> = Promise.resolve();

  constructor(private readonly app: Application) {}

  /**
   * Diagnoses a rejected request, unless there are too many. The caller needn't wait, and no failure in here fails its request.
   *
   * @param request returns the request, whose body must not change any more
   * @param found is called with the JSON text of the checks
   */
  diagnose(
    webhook: WebhookEndpoint,
    { endpoint }: CompiledEndpoint,
    { code, status }: Reply,
    request: () => DiagnosedRequest,
    found: (checks: string) => void,
  ): void {
    if (!DIAGNOSED.has(status)) {
      return;
    }
    const now = performance.now();
    if (now - (this.diagnosedAt.get(webhook) ?? -Infinity) < INTERVAL_MS || this.waiting >= MOST_WAITING) {
      return;
    }
    this.diagnosedAt.set(webhook, now);
    const known = { ...request(), receivedAtMs: Date.now() };
    this.waiting += 1;
    this.last = this.last.then(async () => {
      if (this.stopped) {
        return;
      }
      try {
        const { checks } = JSON.parse(await endpoint.diagnose(known)) as Diagnosed;
        // Rejected for what no check decides, such as a rate limit, it may pass all of them.
        if (checks.some(({ rejection }) => rejection?.code === code)) {
          found(JSON.stringify(checks));
        }
      } catch (error) {
        this.app.logger.warn(`${PACKAGE_NAME}: a rejected request could not be diagnosed: ${(error as Error).message}`);
      } finally {
        this.waiting -= 1;
      }
    });
  }

  /** Returns when all that was to be diagnosed is. */
  done(): Promise<void> {
    return this.last;
  }

  /** Diagnoses nothing further, so that a stop doesn't wait for it. */
  stop(): void {
    this.stopped = true;
  }
}
