import type { Check } from '../../index';

/** What became of a request. */
export const DELIVERY_RESULTS = ['accepted', 'rejected', 'duplicate', 'verification'] as const;
export type DeliveryResult = (typeof DELIVERY_RESULTS)[number];

/** What is recorded of a request to a webhook, as the API shows it. Nothing that authentication reads is part of it. */
export interface Delivery {
  /** Digits. An accepted one has that of its execution, which is also `$context.request.id`. */
  id: string;
  workflowKey: string;
  /** The version of the workflow. */
  workflowId: string;
  /** An ISO time. */
  receivedAt: string;
  result: DeliveryResult;
  method: string;
  /** What follows the key, shortened. */
  path: string;
  /** The client's address; empty if it is unknown. */
  ip: string;
  contentType?: string;
  /** Bytes of the body as sent. */
  size?: number;
  /** The status of the response; absent until it is decided. */
  status?: number;
  /** The code of a rejection. */
  code?: string;
  /** From the request's arrival until its response was decided; for an asynchronous one, until its event was given to the database. */
  durationMs?: number;
  /** Whether the client had gone by then. */
  aborted?: boolean;
  /** How many further requests of the same second were like this one, and have no row of their own. */
  more?: number;
  /** What was accepted though it isn't written as it should be. */
  leniency?: string;
  /** The execution of an accepted request, and that of the first one for a duplicate. */
  executionId?: string;
  /** The status of the execution as in NocoBase; absent where the delivery has none, `null` while it waits. */
  executionStatus?: number | null;
}

/** A delivery with the result of each check, which only some rejected ones have. */
export interface DeliveryDetails extends Delivery {
  checks?: Check[];
}
