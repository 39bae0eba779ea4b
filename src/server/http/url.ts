/**
 * Returns the whole URL that the sender requested, which some senders sign. Behind a proxy it is what the `X-Forwarded-*` headers
 * say: any sender may set them, but can't sign the result without the secret.
 *
 * @param header returns the value of a header, its name in lower case; empty for none
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
