/** The request itself as variables, `$context.request`. It has no query, which may hold secrets. */
export interface RequestVariables {
  /** That of the delivery and of the execution. */
  id: string;
  /** Upper case. */
  method: string;
  /** What follows the key, as sent. */
  path: string;
  /** The address of the client, behind the trusted proxies. */
  ip: string;
  receivedAt: Date;
}

/** Where the id is in a context: {@link withRequest} writes it first. */
const ID = /^\{"request":\{"id":"\d*"/;

/**
 * Returns a context with `request` before its other variables.
 *
 * @param context the JSON text of an object that has members
 */
export function withRequest(context: string, { id, ...request }: RequestVariables): string {
  return `{"request":${JSON.stringify({ id, ...request })},${context.slice(1)}`;
}

/** Returns a context made by {@link withRequest} with another id. */
export function withRequestId(context: string, id: string): string {
  return context.replace(ID, () => `{"request":{"id":"${id}"`);
}
