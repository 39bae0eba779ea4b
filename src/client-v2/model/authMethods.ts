import type {
  JwtScheme,
  PresetName,
  Scheme,
  SignatureScheme,
  TokenScheme,
  ValueSource,
  ValueSources,
} from '../../../index';
import { TOKEN_HEADER } from '../../common/authentication';
import type { AuthMethodConfig } from '../../common/config';

export type { JwtScheme, PresetName, Scheme, SignatureScheme, TokenScheme, ValueSource, ValueSources };

/** The schemes of known senders, as `webhook:presets` returns them. */
export type Presets = Partial<Record<PresetName, Scheme>>;

interface PresetEntry {
  /** The sender's name. Like `place`, it is not translated. */
  label: string;
  /** Where in the sender's settings the secret is shown or entered. */
  place: string;
}

/** What users need to know about each preset. */
export const PRESETS: Record<PresetName, PresetEntry> = {
  alipay: { label: 'Alipay', place: '开放平台 → 应用详情 → 接口加签方式 → 支付宝公钥' },
  asana: { label: 'Asana', place: 'X-Hook-Secret of the first request' },
  bitbucket: { label: 'Bitbucket', place: 'Repository settings → Webhooks → Secret' },
  calendly: { label: 'Calendly', place: 'POST /webhook_subscriptions → signing_key' },
  circleci: { label: 'CircleCI', place: 'Project Settings → Webhooks → Secret token' },
  dingtalk: { label: 'DingTalk', place: '钉钉开放平台 → 事件订阅 → 签名 token' },
  discord: { label: 'Discord', place: 'Developer Portal → General Information → Public Key' },
  docusign: { label: 'DocuSign', place: 'Settings → Connect → Connect Keys' },
  dropbox: { label: 'Dropbox', place: 'App Console → Settings → App secret' },
  feishu: { label: 'Feishu, Lark: Encrypt Key', place: 'Events & Callbacks → Encryption Strategy → Encrypt Key' },
  'feishu-token': {
    label: 'Feishu, Lark: Verification Token',
    place: 'Events & Callbacks → Encryption Strategy → Verification Token',
  },
  gitea: { label: 'Gitea, Forgejo', place: 'Settings → Webhooks → Secret' },
  github: { label: 'GitHub', place: 'Settings → Webhooks → Secret' },
  gitlab: { label: 'GitLab: Signing token', place: 'Settings → Webhooks → Signing token' },
  'gitlab-token': { label: 'GitLab: Secret token', place: 'Settings → Webhooks → Secret token' },
  gocardless: { label: 'GoCardless', place: 'Developers → Webhook endpoints → Secret' },
  hubspot: { label: 'HubSpot', place: 'App → Auth → Client secret' },
  intercom: { label: 'Intercom', place: 'Developer Hub → Basic information → Client secret' },
  jira: { label: 'Jira', place: 'System → WebHooks → Secret' },
  'lemon-squeezy': { label: 'Lemon Squeezy', place: 'Settings → Webhooks → Signing secret' },
  line: { label: 'LINE', place: 'LINE Developers Console → Basic settings → Channel secret' },
  linear: { label: 'Linear', place: 'Settings → API → Webhooks → Signing secret' },
  mailgun: { label: 'Mailgun', place: 'Sending → Webhooks → HTTP webhook signing key' },
  mandrill: { label: 'Mandrill', place: 'Settings → Webhooks → Key' },
  meta: { label: 'Meta, WhatsApp', place: 'App settings → Basic → App secret' },
  'microsoft-graph': { label: 'Microsoft Graph', place: 'POST /subscriptions → clientState' },
  notion: { label: 'Notion', place: 'verification_token of the first request' },
  nylas: { label: 'Nylas', place: 'POST /v3/webhooks → webhook_secret' },
  paddle: { label: 'Paddle', place: 'Developer Tools → Notifications → Secret key' },
  pagerduty: { label: 'PagerDuty', place: 'Integrations → Generic Webhooks (v3) → Signing secret' },
  razorpay: { label: 'Razorpay', place: 'Account & Settings → Webhooks → Secret' },
  sendgrid: { label: 'SendGrid', place: 'Settings → Mail Settings → Event Webhooks → Verification Key' },
  sentry: { label: 'Sentry', place: 'Settings → Custom Integrations → Client Secret' },
  shopify: { label: 'Shopify', place: 'Settings → Notifications → Webhooks; App → Client secret' },
  slack: { label: 'Slack', place: 'Your Apps → Basic Information → Signing Secret' },
  square: { label: 'Square', place: 'Developer Console → Webhooks → Signature key' },
  'standard-webhooks': { label: 'Standard Webhooks', place: 'Signing secret, whsec_…' },
  stripe: { label: 'Stripe', place: 'Workbench → Webhooks → Signing secret, whsec_…' },
  svix: { label: 'Svix', place: 'Endpoints → Signing Secret, whsec_…' },
  teams: { label: 'Microsoft Teams: Outgoing webhook', place: 'Create an outgoing webhook → Security token' },
  telegram: { label: 'Telegram', place: 'setWebhook → secret_token' },
  trello: { label: 'Trello', place: 'Power-Up admin → API key → Secret' },
  twilio: { label: 'Twilio', place: 'Console → Account Info → Auth Token' },
  twitch: { label: 'Twitch EventSub', place: 'POST /eventsub/subscriptions → transport.secret' },
  typeform: { label: 'Typeform', place: 'Connect → Webhooks → Secret' },
  vercel: { label: 'Vercel', place: 'Settings → Webhooks → Secret' },
  wechat: { label: 'WeChat Official Account', place: '微信公众平台 → 基本配置 → 令牌 (Token)' },
  wecom: { label: 'WeCom', place: '企业微信管理后台 → 应用管理 → 接收消息 → Token' },
  woocommerce: { label: 'WooCommerce', place: 'Settings → Advanced → Webhooks → Secret' },
  xero: { label: 'Xero', place: 'Developer → My Apps → Webhooks → Webhooks key' },
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
