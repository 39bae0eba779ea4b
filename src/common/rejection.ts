import type { Check } from '../../index';

/** A request that a webhook rejected, as its owner sees it: without the values of its headers and its body. */
export interface Rejection {
  /** When it was received, in milliseconds since 1970. */
  at: number;
  status: number;
  code: string;
  method: string;
  /** The client's address; empty if it is unknown. */
  address: string;
  /** The result of each check at that time; empty if the request wasn't rejected by one of them. */
  checks: Check[];
}
