/** What became of a request. */
export type DeliveryResult = 'accepted' | 'rejected' | 'duplicate' | 'verification';

/** What is recorded of a request to a webhook, a row of `webhookDeliveries`. Nothing that authentication reads is part of it. */
export interface Delivery {
  /** Digits. An accepted one has that of its execution, which is also `$context.request.id`. */
  id: string;
  workflowKey: string;
  /** The version of the workflow. */
  workflowId: string;
  receivedAt: Date;
  result: DeliveryResult;
  method: string;
  /** What follows the key, shortened to {@link MOST_PATH} characters. */
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
  /** The result of each check of a rejected request, as JSON text. */
  checks?: string;
  /** What was accepted though it isn't written as it should be. */
  leniency?: string;
  /** The execution of an accepted request, and that of the first one for a duplicate. */
  executionId?: string;
}

/** What is known only after a delivery was stored. */
export type DeliveryChange = Pick<Partial<Delivery>, 'status' | 'durationMs' | 'aborted' | 'more' | 'checks'>;

/** A delivery in this process. */
export interface Recorded extends Delivery {
  /** Whether its row is written, or being written: what changes afterwards has to be written by itself. */
  isStored?: boolean;
}

/** The most characters of a path and of a content type that are recorded. */
export const MOST_PATH = 1000;
export const MOST_CONTENT_TYPE = 200;
