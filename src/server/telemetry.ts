import type { Application } from '@nocobase/server';
import type { DispatchCounts } from '../../index';

type Meter = NonNullable<ReturnType<Application['telemetry']['metric']['getMeter']>>;

/**
 * What NocoBase's telemetry is told. All of it is nothing where telemetry is off.
 *
 * | metric | kind | unit |
 * | --- | --- | --- |
 * | `webhook.accepted` | counter | events taken over; attribute `sync` |
 * | `webhook.refused` | counter | requests; attribute `code` |
 * | `webhook.batch.size` | histogram | events |
 * | `webhook.store.duration` | histogram | milliseconds |
 * | `webhook.sync.duration` | histogram | milliseconds, the wait for a turn included |
 * | `webhook.queue.length` | gauge | events and calls that wait; attribute `queue` (`store`, `start`, `run`) |
 */
export class Telemetry {
  private readonly meter: Meter | null;
  private readonly accepts;
  private readonly refusals;
  private readonly batchSize;
  private readonly storeDuration;
  private readonly syncDuration;

  constructor(app: Application) {
    const meter = app.telemetry?.metric?.getMeter() ?? null;
    this.meter = meter;
    this.accepts = meter?.createCounter('webhook.accepted', { description: 'Webhook events taken over' });
    this.refusals = meter?.createCounter('webhook.refused', { description: 'Webhook requests refused, by code' });
    this.batchSize = meter?.createHistogram('webhook.batch.size', { description: 'Events stored in one batch' });
    this.storeDuration = meter?.createHistogram('webhook.store.duration', {
      description: 'Time to store a batch',
      unit: 'ms',
    });
    this.syncDuration = meter?.createHistogram('webhook.sync.duration', {
      description: 'Time of a synchronous call',
      unit: 'ms',
    });
  }

  /** Reads the queues' lengths whenever they are asked for. */
  watch(counts: () => DispatchCounts | undefined): void {
    this.meter?.createObservableGauge('webhook.queue.length').addCallback((result) => {
      const now = counts();
      if (now) {
        result.observe(now.queueEvents, { queue: 'store' });
        result.observe(now.startWaiting, { queue: 'start' });
        result.observe(now.runQueue, { queue: 'run' });
      }
    });
  }

  accepted(sync: boolean): void {
    this.accepts?.add(1, { sync });
  }

  refused(code: string): void {
    this.refusals?.add(1, { code });
  }

  stored(events: number, milliseconds: number): void {
    this.batchSize?.record(events);
    this.storeDuration?.record(milliseconds);
  }

  ran(milliseconds: number): void {
    this.syncDuration?.record(milliseconds);
  }
}
