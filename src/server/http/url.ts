/**
 * The whole URL as the sender called it, which some senders sign: behind a proxy as its `X-Forwarded-*` headers say. A
 * caller may write them too, but not the signature over what they say.
 *
 * @param header the value of a header, its name in lower case; empty for none
 * @param encrypted whether this server itself speaks TLS
 * @param target path and query
 */
export function calledUrl(header: (name: string) => string, encrypted: boolean, target: string): string {
  const first = (name: string) => {
    const list = header(name);
    const comma = list.indexOf(',');
    return (comma < 0 ? list : list.slice(0, comma)).trim();
  };
  const protocol = first('x-forwarded-proto') || (encrypted ? 'https' : 'http');
  return `${protocol}://${first('x-forwarded-host') || header('host')}${target}`;
}
