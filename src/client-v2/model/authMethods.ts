import type { JwtScheme, PresetName, Scheme, SignatureScheme, TokenScheme, ValueSource } from '../../../index';
import { generatedForm, TOKEN_HEADER } from '../../common/authentication';
import type { AuthMethodConfig } from '../../common/config';
import { isVariable, newSecret } from '../../common/secret';

export type { JwtScheme, PresetName, Scheme, SignatureScheme, TokenScheme, ValueSource };

/** The schemes of known senders, as `webhook:presets` returns them. */
export type Presets = Partial<Record<PresetName, Scheme>>;

interface PresetEntry {
  /** The sender's name. Like `place`, it is not translated. */
  label: string;
  /** Where in the sender's settings the secret is shown or entered. */
  place: string;
  /** What the secrets that the sender issues look like. */
  secret?: SecretForm;
}

/** What a sender's secrets look like. */
export interface SecretForm {
  pattern: RegExp;
  /** Shown to the user. */
  example: string;
}

const WHSEC: SecretForm = { pattern: /^whsec_[\w+/=-]+$/, example: 'whsec_…' };
const STANDARD: SecretForm = { pattern: /^(whsec|whpk)_[\w+/=-]+$/, example: 'whsec_…, whpk_…' };

/** What users need to know about each preset. */
export const PRESETS: Record<PresetName, PresetEntry> = {
  dingtalk: { label: 'DingTalk', place: '钉钉开放平台 → 事件订阅 → 签名 token' },
  feishu: { label: 'Feishu, Lark: Encrypt Key', place: 'Events & Callbacks → Encryption Strategy → Encrypt Key' },
  'feishu-token': {
    label: 'Feishu, Lark: Verification Token',
    place: 'Events & Callbacks → Encryption Strategy → Verification Token',
  },
  github: { label: 'GitHub', place: 'Settings → Webhooks → Secret' },
  gitlab: { label: 'GitLab: Signing token', place: 'Settings → Webhooks → Signing token', secret: STANDARD },
  'gitlab-token': { label: 'GitLab: Secret token', place: 'Settings → Webhooks → Secret token' },
  linear: {
    label: 'Linear',
    place: 'Settings → API → Webhooks → Signing secret',
    secret: { pattern: /^lin_wh_\w+$/, example: 'lin_wh_…' },
  },
  meta: { label: 'Meta, WhatsApp', place: 'App settings → Basic → App secret' },
  'microsoft-graph': { label: 'Microsoft Graph', place: 'POST /subscriptions → clientState' },
  sendgrid: { label: 'SendGrid', place: 'Settings → Mail Settings → Event Webhooks → Verification Key' },
  shopify: { label: 'Shopify', place: 'Settings → Notifications → Webhooks; App → Client secret' },
  slack: {
    label: 'Slack',
    place: 'Your Apps → Basic Information → Signing Secret',
    secret: { pattern: /^[0-9a-f]{32}$/, example: '0123456789abcdef0123456789abcdef' },
  },
  'standard-webhooks': { label: 'Standard Webhooks', place: 'Signing secret, whsec_…', secret: STANDARD },
  stripe: { label: 'Stripe', place: 'Workbench → Webhooks → Signing secret, whsec_…', secret: WHSEC },
  svix: { label: 'Svix', place: 'Endpoints → Signing Secret, whsec_…', secret: STANDARD },
  twilio: { label: 'Twilio', place: 'Console → Account Info → Auth Token' },
  wecom: { label: 'WeCom', place: '企业微信管理后台 → 应用管理 → 接收消息 → Token' },
  zoom: { label: 'Zoom', place: 'App Marketplace → Features → Secret Token' },
};

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
export const PLACEHOLDERS = ['{id}', '{timestamp}', '{nonce}', '{body}', '{url}', '{query}', '{form}', '{secret}'];

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
