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
  dingtalk: {
    label: 'DingTalk',
    place: '钉钉开放平台 → 事件订阅 → 签名 token',
    documentation: 'https://open.dingtalk.com/document/orgapp/configure-event-subcription',
    verification: verifiedAs('dingtalk'),
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
  linear: {
    label: 'Linear',
    place: 'Settings → API → Webhooks → Signing secret',
    documentation: 'https://linear.app/developers/webhooks',
    secret: { pattern: /^lin_wh_\w+$/, example: 'lin_wh_…' },
    idempotency: inHeader('Linear-Delivery'),
    headers: ['Linear-Event'],
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
  sendgrid: {
    label: 'SendGrid',
    place: 'Settings → Mail Settings → Event Webhooks → Verification Key',
    documentation:
      'https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features',
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
  twilio: {
    label: 'Twilio',
    place: 'Console → Account Info → Auth Token',
    documentation: 'https://www.twilio.com/docs/usage/webhooks/webhooks-security',
  },
  wecom: {
    label: 'WeCom',
    place: '企业微信管理后台 → 应用管理 → 接收消息 → Token',
    documentation: 'https://developer.work.weixin.qq.com/document/path/90968',
    verification: verifiedAs('wecom'),
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
