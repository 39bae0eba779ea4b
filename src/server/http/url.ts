/**
 * Returns the whole URL at which this server was called. The core turns it into the one that the sender called, where a proxy is in
 * between.
 *
 * @param encrypted whether this server itself speaks TLS
 * @param host the header `Host`; empty for none
 * @param target path and query
 */
export function urlHere(encrypted: boolean, host: string, target: string): string {
  return `${encrypted ? 'https' : 'http'}://${host}${target}`;
}
