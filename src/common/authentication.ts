import type { PresetName, Scheme } from '../../index';
import type { AuthMethodConfig, TriggerConfig, UrlVerificationConfig } from './config';
import { isVariable, type KeyForm, newSecret } from './secret';

/** The header that carries the token of a new webhook. */
export const TOKEN_HEADER = 'X-Webhook-Token';

/** The presets whose secret the owner generates and enters at the sender. The other senders issue theirs. */
const OWN_SECRET: readonly PresetName[] = [
  'bitbucket',
  'calendly',
  'circleci',
  'dingtalk',
  'gitea',
  'github',
  'gitlab-token',
  'jira',
  'lemon-squeezy',
  'microsoft-graph',
  'razorpay',
  'telegram',
  'twitch',
  'typeform',
  'wechat',
  'wecom',
  'woocommerce',
];

/** The presets whose secret is the sender's public key. */
const PUBLIC_KEYS: readonly PresetName[] = ['alipay', 'discord', 'sendgrid'];

/** Returns the authentication method of a new webhook: a random token in a header. */
export function newTokenMethod(): AuthMethodConfig {
  return { scheme: { kind: 'token', from: { header: TOKEN_HEADER } }, secrets: [newSecret()] };
}

/** Whether a configuration has an authentication method. Without one, the webhook is open to anyone. */
export function hasMethod(config: TriggerConfig | null | undefined): boolean {
  return Boolean(config?.basicAuthentication || config?.authentication?.length);
}

/** Returns the form of the secrets that the owner generates for a method; `undefined` if the sender issues them. */
export function generatedForm(method: AuthMethodConfig | undefined): KeyForm | undefined {
  if (method?.preset) {
    return OWN_SECRET.includes(method.preset as PresetName) ? 'text' : undefined;
  }
  const scheme = method?.scheme as Scheme | undefined;
  switch (scheme?.kind) {
    case 'token':
      return 'text';
    case 'signature':
      return isPublicKey(scheme.accept?.[0]?.algorithm) ? undefined : scheme.accept?.[0]?.key?.form;
    case 'jwt':
      return scheme.algorithms?.every((name) => name.startsWith('HS')) ? 'text' : undefined;
    default:
      return undefined;
  }
}

/** Whether signatures of an algorithm are checked with the sender's public key. */
export function isPublicKey(algorithm: string | undefined): boolean {
  return /^(ed25519|rsa-|ecdsa-)/.test(algorithm ?? '');
}

/** Whether the secrets of a method are public keys, which aren't secret. */
export function hasPublicKeys(method: AuthMethodConfig | undefined): boolean {
  const scheme = method?.scheme as Scheme | undefined;
  return (
    PUBLIC_KEYS.includes(method?.preset as PresetName) ||
    (scheme?.kind === 'jwt' && Boolean(scheme.algorithms?.some((name) => !name.startsWith('HS')))) ||
    (scheme?.kind === 'signature' && Boolean(scheme.accept?.some(({ algorithm }) => isPublicKey(algorithm))))
  );
}

/**
 * Returns the configuration for a copy of a webhook: with new secrets where the owner generates them, and without those that the
 * sender issued for the original. References to variables and public keys stay.
 */
export function withOwnSecrets(config: TriggerConfig): TriggerConfig {
  const copy = structuredClone(config);
  if (copy.basicAuthentication && !isVariable(copy.basicAuthentication.password)) {
    copy.basicAuthentication.password = newSecret();
  }
  for (const method of Array.isArray(copy.authentication) ? copy.authentication : []) {
    if (!hasPublicKeys(method) && Array.isArray(method?.secrets)) {
      const form = generatedForm(method);
      const kept = method.secrets.filter(isVariable);
      // Of several secrets, all but the first are left from a rotation.
      method.secrets = kept.length ? kept : form ? [newSecret(form)] : [];
    }
  }
  if (copy.handshake) {
    replaceVerificationSecrets(copy.handshake);
  }
  return copy;
}

/** The verify tokens are the owner's own; the sender issues the rest. */
function replaceVerificationSecrets(verification: UrlVerificationConfig): void {
  const { verifyTokens, verificationTokens } = verification;
  if (Array.isArray(verifyTokens) && !verifyTokens.some(isVariable)) {
    verification.verifyTokens = [newSecret()];
  }
  if (Array.isArray(verificationTokens)) {
    verification.verificationTokens = verificationTokens.filter(isVariable);
  }
  for (const name of ['encryptKey', 'encodingAesKey'] as const) {
    if (!isVariable(verification[name])) {
      delete verification[name];
    }
  }
}
