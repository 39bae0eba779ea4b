import type {
  JwtScheme,
  PresetName,
  Scheme,
  SignatureScheme,
  TokenScheme,
  ValueSource,
  ValueSources,
} from '../../../index';
import { generatedForm, TOKEN_HEADER } from '../../common/authentication';
import type { AuthMethodConfig } from '../../common/config';
import { isVariable, newSecret } from '../../common/secret';

export type { JwtScheme, PresetName, Scheme, SignatureScheme, TokenScheme, ValueSource, ValueSources };

/** The schemes of known senders, as `webhook:presets` returns them. */
export type Presets = Partial<Record<PresetName, Scheme>>;

export const ALGORITHMS = [
  'hmac-sha256',
  'hmac-sha1',
  'hmac-sha512',
  'hmac-md5',
  'sha256',
  'sha1',
  'md5',
  'ed25519',
  'rsa-sha256',
  'rsa-sha1',
  'ecdsa-p256-sha256',
] as const satisfies readonly Algorithm[];

type Algorithm = SignatureScheme['accept'][number]['algorithm'];

export const JWT_ALGORITHMS = ['HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'ES256', 'ES384'] as const;

/** The initial custom schemes, each as complete as possible. */
export const CUSTOM_SCHEMES: { [Kind in Scheme['kind']]: () => Extract<Scheme, { kind: Kind }> } = {
  token: () => ({ kind: 'token', from: { header: TOKEN_HEADER } }),
  signature: () => ({
    kind: 'signature',
    from: { header: 'X-Webhook-Signature' },
    accept: [newAccept()],
    signed: '{body}',
  }),
  jwt: () => ({ kind: 'jwt', algorithms: ['HS256'] }),
};

export function newAccept(): SignatureScheme['accept'][number] {
  return { algorithm: 'hmac-sha256', encoding: 'hex', key: { form: 'text' } };
}

/** Returns the scheme of a method; `undefined` for a preset whose scheme isn't known (yet). */
export function schemeOf(method: AuthMethodConfig | undefined, presets: Presets): Scheme | undefined {
  return method?.preset ? presets[method.preset as PresetName] : (method?.scheme as Scheme | undefined);
}

/** The placeholders of signed content. */
export const PLACEHOLDERS = [
  '{id}',
  '{timestamp}',
  '{nonce}',
  '{body}',
  '{inflatedBody}',
  '{crc32}',
  '{method}',
  '{url}',
  '{path}',
  '{query}',
  '{form}',
  '{sortedForm}',
  '{header:NAME}',
  '{query:NAME}',
  '{body:PATH}',
  '{form:NAME}',
  '{secret}',
];

/**
 * Returns the secrets of a method whose preset or scheme has changed. Secrets that the owner generates stay or are generated; a sender
 * that issues its own starts with an empty field, since the old secret can't be right. References to variables stay.
 */
export function secretsAfterChange(before: AuthMethodConfig | undefined, after: AuthMethodConfig): string[] {
  const secrets = before?.secrets?.filter(Boolean) ?? [];
  const form = generatedForm(after);
  if (form && form === generatedForm(before) && secrets.length) {
    return secrets;
  }
  const variables = secrets.filter(isVariable);
  return variables.length ? variables : [form ? newSecret(form) : ''];
}
