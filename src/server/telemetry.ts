import type { Application } from '@nocobase/server';
import type { DispatchCounts } from '../../index';

type Meter = NonNullable<ReturnType<Application['telemetry']['metric']['getMeter']>>;

/**
 * Reports to NocoBase's telemetry. Does nothing if telemetry is off.
 *
 * | metric | kind | unit |
 * | --- | --- | --- |
 * | `webhook.accepted` | counter | accepted events; attribute `sync` |
 * | `webhook.rejected` | counter | rejected requests; attribute `code` |
 * | `webhook.batch.size` | histogram | events |
 * | `webhook.store.duration` | histogram | milliseconds |
 * | `webhook.sync.duration` | histogram | milliseconds, including the wait for a turn |
 * | `webhook.queue.length` | gauge | events and synchronous requests that wait; attribute `queue` (`store`, `execute`, `run`) |
 */
export class Telemetry {
  private readonly meter: Meter | null;
  private readonly accepts;
  private readonly rejections;
  private readonly batchSize;
  private readonly storeDuration;
  private readonly syncDuration;

  constructor(app: Application) {
    const meter = app.telemetry?.metric?.getMeter() ?? null;
    this.meter = meter;
    this.accepts = meter?.createCounter('webhook.accepted', { description: 'Webhook events accepted' });
    this.rejections = meter?.createCounter('webhook.rejected', { description: 'Webhook requests rejected, by code' });
    this.batchSize = meter?.createHistogram('webhook.batch.size', { description: 'Events stored in one batch' });
    this.storeDuration = meter?.createHistogram('webhook.store.duration', {
      description: 'Time to store a batch',
      unit: 'ms',
    });
    this.syncDuration = meter?.createHistogram('webhook.sync.duration', {
      description: 'Time of a synchronous request',
      unit: 'ms',
    });
  }

  /** Observes the queues' lengths whenever the meter collects. */
  watch(counts: () => DispatchCounts | undefined): void {
    this.meter?.createObservableGauge('webhook.queue.length').addCallback((result) => {
      const now = counts();
      if (now) {
        result.observe(now.queueEvents, { queue: 'store' });
        result.observe(now.executeWaiting, { queue: 'execute' });
        result.observe(now.runQueue, { queue: 'run' });
      }
    });
  }

  accepted(sync: boolean): void {
    this.accepts?.add(1, { sync });
  }

  rejected(code: string): void {
    this.rejections?.add(1, { code });
  }

  stored(events: number, milliseconds: number): void {
    this.batchSize?.record(events);
    this.storeDuration?.record(milliseconds);
  }

  ran(milliseconds: number): void {
    this.syncDuration?.record(milliseconds);
  }
}
