import { isEqual } from 'lodash';
import type { PresetName } from '../../../index';
import type { HeaderItem, IdempotencyConfig, TriggerConfig, UrlVerificationConfig } from '../../common/config';
import { newSecret } from '../../common/secret';

/** What a provider's secrets look like. */
export interface SecretForm {
  pattern: RegExp;
  /** Shown to the user. */
  example: string;
}

/** What users need to know about a provider, and what its preset fills in beside the signature. */
interface Provider {
  /** The provider's name. Like `place`, it is not translated. */
  label: string;
  /** Where in the provider's settings the secret is shown or entered. */
  place: string;
  /** The provider's own documentation of its webhooks. */
  documentation: string;
  /** What the secrets that the provider issues look like. */
  secret?: SecretForm;
  /** The content type to choose at the provider, where it offers several. */
  contentType?: string;
  /** Returns the URL verification with which the provider checks the URL. */
  verification?: () => UrlVerificationConfig;
  /** Where the provider's requests have their ids. */
  idempotency?: IdempotencyConfig;
  /** The headers that say what an event is about. */
  headers?: string[];
}

const WHSEC: SecretForm = { pattern: /^whsec_[\w+/=-]+$/, example: 'whsec_…' };
const STANDARD: SecretForm = { pattern: /^(whsec|whpk)_[\w+/=-]+$/, example: 'whsec_…, whpk_…' };

const inHeader = (key: string): IdempotencyConfig => ({ source: 'header', key });
const inBody = (key: string): IdempotencyConfig => ({ source: 'body', key });
const verifiedAs = (kind: string) => () => ({ kind });

/** The provider of each preset. */
export const PROVIDERS: Record<PresetName, Provider> = {
  alipay: {
    label: 'Alipay',
    place: '开放平台 → 应用详情 → 接口加签方式 → 支付宝公钥',
    documentation: 'https://opendocs.alipay.com/common/02mse7',
  },
  asana: {
    label: 'Asana',
    place: 'X-Hook-Secret of the first request',
    documentation: 'https://developers.asana.com/docs/webhooks-guide',
  },
  bitbucket: {
    label: 'Bitbucket',
    place: 'Repository settings → Webhooks → Secret',
    documentation: 'https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/',
    verification: verifiedAs('bitbucket'),
  },
  calendly: {
    label: 'Calendly',
    place: 'POST /webhook_subscriptions → signing_key',
    documentation: 'https://developer.calendly.com/api-docs/4c305798a61d3-webhook-signatures',
  },
  circleci: {
    label: 'CircleCI',
    place: 'Project Settings → Webhooks → Secret token',
    documentation: 'https://circleci.com/docs/webhooks/',
  },
  dingtalk: {
    label: 'DingTalk',
    place: '钉钉开放平台 → 事件订阅 → 签名 token',
    documentation: 'https://open.dingtalk.com/document/orgapp/configure-event-subcription',
    verification: verifiedAs('dingtalk'),
  },
  discord: {
    label: 'Discord',
    place: 'Developer Portal → General Information → Public Key',
    documentation: 'https://docs.discord.com/developers/events/webhook-events',
    verification: verifiedAs('discord'),
  },
  docusign: {
    label: 'DocuSign',
    place: 'Settings → Connect → Connect Keys',
    documentation: 'https://developers.docusign.com/platform/webhooks/connect/validate/',
  },
  dropbox: {
    label: 'Dropbox',
    place: 'App Console → Settings → App secret',
    documentation: 'https://www.dropbox.com/developers/reference/webhooks',
    verification: verifiedAs('dropbox'),
  },
  feishu: {
    label: 'Feishu, Lark: Encrypt Key',
    place: 'Events & Callbacks → Encryption Strategy → Encrypt Key',
    documentation: 'https://open.feishu.cn/document/server-docs/event-subscription-guide/overview',
    verification: verifiedAs('feishu'),
    idempotency: inBody('header.event_id'),
  },
  'feishu-token': {
    label: 'Feishu, Lark: Verification Token',
    place: 'Events & Callbacks → Encryption Strategy → Verification Token',
    documentation: 'https://open.feishu.cn/document/server-docs/event-subscription-guide/overview',
    verification: verifiedAs('feishu'),
    idempotency: inBody('header.event_id'),
  },
  gitea: {
    label: 'Gitea, Forgejo',
    place: 'Settings → Webhooks → Secret',
    documentation: 'https://docs.gitea.com/usage/webhooks',
  },
  github: {
    label: 'GitHub',
    place: 'Settings → Webhooks → Secret',
    documentation: 'https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries',
    contentType: 'application/json',
    idempotency: inHeader('X-GitHub-Delivery'),
    headers: ['X-GitHub-Event'],
  },
  gitlab: {
    label: 'GitLab: Signing token',
    place: 'Settings → Webhooks → Signing token',
    documentation: 'https://docs.gitlab.com/user/project/integrations/webhooks/',
    secret: STANDARD,
    idempotency: inHeader('webhook-id'),
    headers: ['X-Gitlab-Event'],
  },
  'gitlab-token': {
    label: 'GitLab: Secret token',
    place: 'Settings → Webhooks → Secret token',
    documentation: 'https://docs.gitlab.com/user/project/integrations/webhooks/',
    idempotency: inHeader('Idempotency-Key'),
    headers: ['X-Gitlab-Event'],
  },
  gocardless: {
    label: 'GoCardless',
    place: 'Developers → Webhook endpoints → Secret',
    documentation: 'https://developer.gocardless.com/api-reference/#appendix-webhooks',
  },
  hubspot: {
    label: 'HubSpot',
    place: 'App → Auth → Client secret',
    documentation: 'https://developers.hubspot.com/docs/api/webhooks/validating-requests',
  },
  intercom: {
    label: 'Intercom',
    place: 'Developer Hub → Basic information → Client secret',
    documentation: 'https://developers.intercom.com/docs/webhooks',
  },
  jira: {
    label: 'Jira',
    place: 'System → WebHooks → Secret',
    documentation: 'https://developer.atlassian.com/cloud/jira/platform/webhooks/',
  },
  'lemon-squeezy': {
    label: 'Lemon Squeezy',
    place: 'Settings → Webhooks → Signing secret',
    documentation: 'https://docs.lemonsqueezy.com/help/webhooks/signing-requests',
  },
  line: {
    label: 'LINE',
    place: 'LINE Developers Console → Basic settings → Channel secret',
    documentation: 'https://developers.line.biz/en/docs/messaging-api/verify-webhook-signature/',
  },
  linear: {
    label: 'Linear',
    place: 'Settings → API → Webhooks → Signing secret',
    documentation: 'https://linear.app/developers/webhooks',
    secret: { pattern: /^lin_wh_\w+$/, example: 'lin_wh_…' },
    idempotency: inHeader('Linear-Delivery'),
    headers: ['Linear-Event'],
  },
  mailgun: {
    label: 'Mailgun',
    place: 'Sending → Webhooks → HTTP webhook signing key',
    documentation: 'https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks',
  },
  mandrill: {
    label: 'Mandrill',
    place: 'Settings → Webhooks → Key',
    documentation: 'https://mailchimp.com/developer/transactional/guides/track-respond-activity-webhooks/',
    verification: verifiedAs('mandrill'),
  },
  meta: {
    label: 'Meta, WhatsApp',
    place: 'App settings → Basic → App secret',
    documentation: 'https://developers.facebook.com/docs/graph-api/webhooks/getting-started',
    verification: () => ({ kind: 'meta', verifyTokens: [newSecret()] }),
  },
  'microsoft-graph': {
    label: 'Microsoft Graph',
    place: 'POST /subscriptions → clientState',
    documentation: 'https://learn.microsoft.com/en-us/graph/change-notifications-delivery-webhooks',
    verification: verifiedAs('microsoft-graph'),
  },
  notion: {
    label: 'Notion',
    place: 'verification_token of the first request',
    documentation: 'https://developers.notion.com/reference/webhooks',
  },
  nylas: {
    label: 'Nylas',
    place: 'POST /v3/webhooks → webhook_secret',
    documentation: 'https://developer.nylas.com/docs/v3/notifications/',
    verification: verifiedAs('nylas'),
  },
  paddle: {
    label: 'Paddle',
    place: 'Developer Tools → Notifications → Secret key',
    documentation: 'https://developer.paddle.com/webhooks/signature-verification',
  },
  pagerduty: {
    label: 'PagerDuty',
    place: 'Integrations → Generic Webhooks (v3) → Signing secret',
    documentation: 'https://developer.pagerduty.com/docs/verifying-webhook-signatures',
  },
  razorpay: {
    label: 'Razorpay',
    place: 'Account & Settings → Webhooks → Secret',
    documentation: 'https://razorpay.com/docs/webhooks/validate-test/',
  },
  sendgrid: {
    label: 'SendGrid',
    place: 'Settings → Mail Settings → Event Webhooks → Verification Key',
    documentation:
      'https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features',
  },
  sentry: {
    label: 'Sentry',
    place: 'Settings → Custom Integrations → Client Secret',
    documentation: 'https://docs.sentry.io/organization/integrations/integration-platform/webhooks/',
  },
  shopify: {
    label: 'Shopify',
    place: 'Settings → Notifications → Webhooks; App → Client secret',
    documentation: 'https://shopify.dev/docs/apps/build/webhooks/subscribe/https',
    contentType: 'JSON',
    idempotency: inHeader('X-Shopify-Webhook-Id'),
    headers: ['X-Shopify-Topic', 'X-Shopify-Shop-Domain'],
  },
  slack: {
    label: 'Slack',
    place: 'Your Apps → Basic Information → Signing Secret',
    documentation: 'https://docs.slack.dev/authentication/verifying-requests-from-slack',
    secret: { pattern: /^[0-9a-f]{32}$/, example: '0123456789abcdef0123456789abcdef' },
    verification: verifiedAs('slack'),
    idempotency: inBody('event_id'),
  },
  square: {
    label: 'Square',
    place: 'Developer Console → Webhooks → Signature key',
    documentation: 'https://developer.squareup.com/docs/webhooks/step3validate',
  },
  'standard-webhooks': {
    label: 'Standard Webhooks',
    place: 'Signing secret, whsec_…',
    documentation: 'https://www.standardwebhooks.com/',
    secret: STANDARD,
    idempotency: inHeader('webhook-id'),
  },
  stripe: {
    label: 'Stripe',
    place: 'Workbench → Webhooks → Signing secret, whsec_…',
    documentation: 'https://docs.stripe.com/webhooks/signature',
    secret: WHSEC,
    idempotency: inBody('id'),
  },
  svix: {
    label: 'Svix',
    place: 'Endpoints → Signing Secret, whsec_…',
    documentation: 'https://docs.svix.com/receiving/verifying-payloads/how',
    secret: STANDARD,
    idempotency: inHeader('svix-id'),
  },
  teams: {
    label: 'Microsoft Teams: Outgoing webhook',
    place: 'Create an outgoing webhook → Security token',
    documentation:
      'https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/add-outgoing-webhook',
  },
  telegram: {
    label: 'Telegram',
    place: 'setWebhook → secret_token',
    documentation: 'https://core.telegram.org/bots/api#setwebhook',
  },
  trello: {
    label: 'Trello',
    place: 'Power-Up admin → API key → Secret',
    documentation: 'https://developer.atlassian.com/cloud/trello/guides/rest-api/webhooks/',
    verification: verifiedAs('trello'),
  },
  twilio: {
    label: 'Twilio',
    place: 'Console → Account Info → Auth Token',
    documentation: 'https://www.twilio.com/docs/usage/webhooks/webhooks-security',
  },
  twitch: {
    label: 'Twitch EventSub',
    place: 'POST /eventsub/subscriptions → transport.secret',
    documentation: 'https://dev.twitch.tv/docs/eventsub/handling-webhook-events/',
    verification: verifiedAs('twitch'),
  },
  typeform: {
    label: 'Typeform',
    place: 'Connect → Webhooks → Secret',
    documentation: 'https://www.typeform.com/developers/webhooks/secure-your-webhooks/',
  },
  vercel: {
    label: 'Vercel',
    place: 'Settings → Webhooks → Secret',
    documentation: 'https://vercel.com/docs/webhooks/webhooks-api',
  },
  wechat: {
    label: 'WeChat Official Account',
    place: '微信公众平台 → 基本配置 → 令牌 (Token)',
    documentation: 'https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/Access_Overview.html',
    verification: verifiedAs('wechat'),
  },
  wecom: {
    label: 'WeCom',
    place: '企业微信管理后台 → 应用管理 → 接收消息 → Token',
    documentation: 'https://developer.work.weixin.qq.com/document/path/90968',
    verification: verifiedAs('wecom'),
  },
  woocommerce: {
    label: 'WooCommerce',
    place: 'Settings → Advanced → Webhooks → Secret',
    documentation: 'https://woocommerce.com/document/webhooks/',
    verification: verifiedAs('woocommerce'),
  },
  xero: {
    label: 'Xero',
    place: 'Developer → My Apps → Webhooks → Webhooks key',
    documentation: 'https://developer.xero.com/documentation/guides/webhooks/overview/',
  },
  zoom: {
    label: 'Zoom',
    place: 'App Marketplace → Features → Secret Token',
    documentation: 'https://developers.zoom.us/docs/api/webhooks/',
    verification: verifiedAs('zoom'),
  },
};

/** The parts of a configuration that a provider fills in beside its authentication method. */
type Filled = Pick<TriggerConfig, 'handshake' | 'idempotency'> & { headers?: HeaderItem[] };

function partsOf({ handshake, idempotency, request }: TriggerConfig): Filled {
  return { handshake, idempotency, headers: request?.headers };
}

/**
 * Returns the parts of a configuration with what a provider needs: URL verification, idempotency key and useful headers. What is
 * configured already stays.
 */
function fillIn(parts: Filled, provider: Provider | undefined): Filled {
  const { verification, idempotency, headers = [] } = provider ?? {};
  const listed = parts.headers?.map(({ key }) => key?.toLowerCase()) ?? [];
  const missing = headers.filter((key) => !listed.includes(key.toLowerCase()));
  return {
    handshake: parts.handshake ?? verification?.(),
    idempotency: parts.idempotency || idempotency || parts.idempotency,
    headers: missing.length ? [...(parts.headers ?? []), ...missing.map((key) => ({ key }))] : parts.headers,
  };
}

/** Returns the parts of a configuration without what a provider filled in and the user left as it was. */
function takeOut(parts: Filled, provider: Provider | undefined): Filled {
  const { verification, idempotency, headers = [] } = provider ?? {};
  const kept = parts.headers?.filter((row) => !headers.some((key) => isEqual(row, { key })));
  return {
    handshake: verification && parts.handshake?.kind === verification().kind ? undefined : parts.handshake,
    idempotency: idempotency && isEqual(parts.idempotency, idempotency) ? undefined : parts.idempotency,
    headers: kept?.length === parts.headers?.length ? parts.headers : kept,
  };
}

/**
 * Returns what a configuration has beside its authentication methods after a method's provider has changed: without what the
 * previous provider filled in, and with what the next one needs.
 *
 * `changeProvider({}, undefined, 'slack').handshake` is `{ kind: 'slack' }`.
 */
export function changeProvider(config: TriggerConfig, before: string | undefined, after: string | undefined): Filled {
  return fillIn(takeOut(partsOf(config), providerOf(before)), providerOf(after));
}

/** Returns the provider of a preset; `undefined` for a scheme and for a preset of a later version. */
export function providerOf(preset: string | undefined): Provider | undefined {
  return preset ? PROVIDERS[preset as PresetName] : undefined;
}
