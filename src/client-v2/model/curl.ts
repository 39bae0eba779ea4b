import { set } from 'lodash';
import { METHODS, type PathItem, type TriggerConfig } from '../../common/config';
import { type Presets, schemeOf } from './authMethods';
import { EXAMPLE, exampleHeaders, exampleQuery, exampleValue, segments } from './sample';

function quote(text: string): string {
  return `'${text.replace(/'/g, `'\\''`)}'`;
}

/** Replaces a secret that only the server knows by `<NAME>`, for the user to fill in. */
function fillIn(value: string): string {
  return value.replace(/\{\{\s*\$env\.([^{}\s]+)\s*\}\}/g, '<$1>');
}

interface CurlOptions {
  /** The known schemes of the presets. */
  presets?: Presets;
  /** Replaces passwords and secrets in a command that is only shown. */
  mask?: string;
}

/** The tokens that a webhook requires, by their place in the request. */
interface Tokens {
  headers: string[];
  query: [name: string, secret: string][];
  body: [path: string, secret: string][];
}

/**
 * Returns a shell command that sends a webhook a request according to its config, except for signatures: only the sender can
 * create them.
 *
 * @param url the webhook's URL
 * @param config saved, or as typed so far
 */
export function curlCommand(url: string, config: TriggerConfig, { presets = {}, mask }: CurlOptions = {}): string {
  const { basicAuthentication, request } = config;
  const method = request?.methods?.[0] ?? METHODS[0];
  const tokens = tokensOf(config, presets, mask);
  const path = paramNames(request?.params).map(() => `/${EXAMPLE}`);
  const query = [exampleQuery(request?.query), new URLSearchParams(tokens.query).toString()].filter(Boolean).join('&');
  // `-X HEAD` would wait for a body that never arrives.
  const parts = ['curl', ...(method === 'HEAD' ? ['-I'] : ['-X', method])];
  parts.push(quote(`${url}${path.join('')}${query ? `?${query}` : ''}`));
  if (basicAuthentication) {
    const { username = '', password: secret = '' } = basicAuthentication;
    parts.push('-u', quote(`${fillIn(username)}:${mask ?? fillIn(secret)}`));
  }
  const body = method === 'GET' || method === 'HEAD' ? undefined : exampleBody(config, tokens);
  if (body) {
    parts.push('-H', quote(`Content-Type: ${body.type}`));
  }
  for (const header of exampleHeaders(request?.headers)) {
    parts.push('-H', quote(`${header}: ${EXAMPLE}`));
  }
  for (const header of tokens.headers) {
    parts.push('-H', quote(header));
  }
  if (body) {
    parts.push('-d', quote(body.text));
  }
  return parts.join(' ');
}

/** Whether a webhook requires what only its sender has: a signature or an issued token. */
export function needsSignature(config: TriggerConfig, presets: Presets): boolean {
  return (config.authentication ?? []).some((method) => {
    const kind = schemeOf(method, presets)?.kind;
    return kind === 'signature' || kind === 'jwt';
  });
}

/** Returns the names of the path parameters after the key. */
export function paramNames(params: PathItem[] | undefined): string[] {
  return (params ?? []).flatMap((item) => (item?.key ? [item.key] : []));
}

function tokensOf(config: TriggerConfig, presets: Presets, mask: string | undefined): Tokens {
  const tokens: Tokens = { headers: [], query: [], body: [] };
  for (const method of config.authentication ?? []) {
    const scheme = schemeOf(method, presets);
    if (scheme?.kind !== 'token') {
      continue;
    }
    const secret = `${scheme.prefix ?? ''}${mask ?? fillIn(method?.secrets?.[0] ?? '')}`;
    if ('header' in scheme.from) {
      tokens.headers.push(`${scheme.from.header}: ${secret}`);
    } else if ('query' in scheme.from) {
      tokens.query.push([scheme.from.query, secret]);
    } else if ('body' in scheme.from) {
      tokens.body.push([scheme.from.body, secret]);
    }
  }
  return tokens;
}

function exampleBody({ request }: TriggerConfig, tokens: Tokens): { type: string; text: string } {
  const rows = request?.body;
  switch (request?.readAs) {
    case 'form':
      return { type: 'application/x-www-form-urlencoded', text: exampleQuery(rows) || 'hello=world' };
    case 'xml':
      return { type: 'application/xml', text: '<hello>world</hello>' };
    default: {
      const value = exampleValue(rows) ?? { hello: 'world' };
      for (const [path, secret] of tokens.body) {
        set(value as object, segments(path), secret);
      }
      return { type: 'application/json', text: JSON.stringify(value) };
    }
  }
}
