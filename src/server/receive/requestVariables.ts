import { randomUUID } from 'node:crypto';

/** The request itself as variables, `$context.request`. It has no query, which may hold secrets. */
export interface RequestVariables {
  /** Upper case. */
  method: string;
  /** What follows the key, as sent. */
  path: string;
  /** The address of the client, behind the trusted proxies. */
  ip: string;
}

/**
 * Returns a context with `request` before its other variables: the request's own, a new id and the time.
 *
 * @param context the JSON text of an object that has members
 */
export function withRequest(context: string, request: RequestVariables): string {
  const variables = JSON.stringify({ ...request, receivedAt: new Date(), id: randomUUID() });
  return `{"request":${variables},${context.slice(1)}`;
}
