import type { TriggerConfig } from '../../common/config';
import { EXAMPLE, exampleHeaders, exampleQuery, exampleValue } from './sample';

function quote(text: string): string {
  return `'${text.replace(/'/g, `'\\''`)}'`;
}

/** A secret that only the server knows is written as `<NAME>`, for the reader to fill in. */
function known(value: string): string {
  return value.replace(/\{\{\s*\$env\.([^{}\s]+)\s*\}\}/g, '<$1>');
}

/**
 * A shell command that calls a webhook the way its config asks for.
 *
 * @param url the webhook's URL
 * @param config the config, saved or as typed so far
 * @param password what stands for the password where the command is only shown
 */
export function curlCommand(url: string, config: TriggerConfig, password?: string): string {
  const { basicAuthentication, request } = config;
  const query = exampleQuery(request?.query);
  const parts = ['curl', '-X', 'POST', quote(query ? `${url}?${query}` : url)];
  if (basicAuthentication) {
    const { username = '', password: secret = '' } = basicAuthentication;
    parts.push('-u', quote(`${known(username)}:${password ?? known(secret)}`));
  }
  parts.push('-H', quote('Content-Type: application/json'));
  for (const header of exampleHeaders(request?.headers)) {
    parts.push('-H', quote(`${header}: ${EXAMPLE}`));
  }
  parts.push('-d', quote(JSON.stringify(exampleValue(request?.body) ?? { hello: 'world' })));
  return parts.join(' ');
}
