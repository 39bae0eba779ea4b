import { set } from 'lodash';
import { METHODS, type PathItem, type TriggerConfig } from '../../common/config';
import { type Presets, schemeOf } from './proofs';
import { EXAMPLE, exampleHeaders, exampleQuery, exampleValue, segments } from './sample';

function quote(text: string): string {
  return `'${text.replace(/'/g, `'\\''`)}'`;
}

/** A secret that only the server knows is written as `<NAME>`, for the reader to fill in. */
function known(value: string): string {
  return value.replace(/\{\{\s*\$env\.([^{}\s]+)\s*\}\}/g, '<$1>');
}

interface CurlOptions {
  /** The schemes of the presets, as far as they are known. */
  presets?: Presets;
  /** What stands for passwords and secrets where the command is only shown. */
  mask?: string;
}

/** What a webhook's proofs ask a caller to send along. */
interface Shown {
  headers: string[];
  query: [name: string, secret: string][];
  body: [path: string, secret: string][];
}

/**
 * A shell command that calls a webhook the way its config asks for, but for a signature: the sender makes it.
 *
 * @param url the webhook's URL
 * @param config the config, saved or as typed so far
 */
export function curlCommand(url: string, config: TriggerConfig, { presets = {}, mask }: CurlOptions = {}): string {
  const { basicAuthentication, request } = config;
  const method = request?.methods?.[0] ?? METHODS[0];
  const proofs = shownBy(config, presets, mask);
  const path = paramNames(request?.params).map(() => `/${EXAMPLE}`);
  const query = [exampleQuery(request?.query), new URLSearchParams(proofs.query).toString()].filter(Boolean).join('&');
  // `-X HEAD` would wait for a body that never comes.
  const parts = ['curl', ...(method === 'HEAD' ? ['-I'] : ['-X', method])];
  parts.push(quote(`${url}${path.join('')}${query ? `?${query}` : ''}`));
  if (basicAuthentication) {
    const { username = '', password: secret = '' } = basicAuthentication;
    parts.push('-u', quote(`${known(username)}:${mask ?? known(secret)}`));
  }
  const body = method === 'GET' || method === 'HEAD' ? undefined : exampleBody(config, proofs);
  if (body) {
    parts.push('-H', quote(`Content-Type: ${body.type}`));
  }
  for (const header of exampleHeaders(request?.headers)) {
    parts.push('-H', quote(`${header}: ${EXAMPLE}`));
  }
  for (const header of proofs.headers) {
    parts.push('-H', quote(header));
  }
  if (body) {
    parts.push('-d', quote(body.text));
  }
  return parts.join(' ');
}

/** Whether a webhook asks for what only its sender can make: a signature, or a token that someone has issued. */
export function needsSignature(config: TriggerConfig, presets: Presets): boolean {
  return (config.authentication ?? []).some((proof) => {
    const kind = schemeOf(proof, presets)?.kind;
    return kind === 'signature' || kind === 'jwt';
  });
}

/** The names of the path's segments behind the key. */
export function paramNames(params: PathItem[] | undefined): string[] {
  return (params ?? []).flatMap((item) => (item?.key ? [item.key] : []));
}

function shownBy(config: TriggerConfig, presets: Presets, mask: string | undefined): Shown {
  const shown: Shown = { headers: [], query: [], body: [] };
  for (const proof of config.authentication ?? []) {
    const scheme = schemeOf(proof, presets);
    if (scheme?.kind !== 'token') {
      continue;
    }
    const secret = `${scheme.prefix ?? ''}${mask ?? known(proof?.secrets?.[0] ?? '')}`;
    if ('header' in scheme.from) {
      shown.headers.push(`${scheme.from.header}: ${secret}`);
    } else if ('query' in scheme.from) {
      shown.query.push([scheme.from.query, secret]);
    } else if ('body' in scheme.from) {
      shown.body.push([scheme.from.body, secret]);
    }
  }
  return shown;
}

function exampleBody({ request }: TriggerConfig, proofs: Shown): { type: string; text: string } {
  const rows = request?.body;
  switch (request?.readAs) {
    case 'form':
      return { type: 'application/x-www-form-urlencoded', text: exampleQuery(rows) || 'hello=world' };
    case 'xml':
      return { type: 'application/xml', text: '<hello>world</hello>' };
    default: {
      const value = exampleValue(rows) ?? { hello: 'world' };
      for (const [path, secret] of proofs.body) {
        set(value as object, segments(path), secret);
      }
      return { type: 'application/json', text: JSON.stringify(value) };
    }
  }
}
