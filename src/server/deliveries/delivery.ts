import type { Delivery } from '../../common/delivery';

/** A delivery as it is stored, a row of `webhookDeliveries`. */
export interface StoredDelivery extends Omit<Delivery, 'receivedAt' | 'executionStatus'> {
  receivedAt: Date;
  /** The result of each check of a rejected request, as JSON text. */
  checks?: string;
}

/** What is known only after a delivery was stored. */
export type DeliveryChange = Pick<StoredDelivery, 'status' | 'durationMs' | 'aborted' | 'more' | 'checks'>;

/** A delivery in this process. */
export interface Recorded extends StoredDelivery {
  /** Whether its row is written, or being written: what changes afterwards has to be written by itself. */
  isStored?: boolean;
}

/** The most characters of a path and of a content type that are recorded. */
export const MOST_PATH = 1000;
export const MOST_CONTENT_TYPE = 200;
