import { useCurrentWorkflowContext } from '@nocobase/plugin-workflow/client-v2';
import { Form, Input, Select } from 'antd';
import type { UrlVerificationConfig, TriggerConfig } from '../../common/config';
import { Columns } from '../fields/Columns';
import { EnvInput } from '../fields/EnvInput';
import { Hint } from '../fields/Hint';
import { OptionalItem } from '../fields/OptionalItem';
import { SecretRows } from '../fields/SecretRows';
import { Section } from '../fields/Section';
import { useT } from '../locale';

const PATH = ['config', 'handshake'];

/** The senders that verify the URL. Names are not translated. */
const KINDS: Record<string, string> = {
  'event-grid': 'Azure Event Grid',
  bitbucket: 'Bitbucket',
  dingtalk: 'DingTalk',
  discord: 'Discord: Interactions',
  'discord-events': 'Discord: Webhook events',
  dropbox: 'Dropbox',
  feishu: 'Feishu, Lark',
  mandrill: 'Mandrill',
  meta: 'Meta, WhatsApp',
  'microsoft-graph': 'Microsoft Graph',
  monday: 'monday.com',
  nylas: 'Nylas',
  slack: 'Slack',
  trello: 'Trello',
  twitch: 'Twitch EventSub',
  wechat: 'WeChat Official Account',
  wecom: 'WeCom',
  woocommerce: 'WooCommerce',
  zoom: 'Zoom',
};

/** The URL verification: a request with which a sender checks the URL before it sends events. */
export function UrlVerificationSection() {
  const t = useT();
  const form = Form.useFormInstance();
  const saved = (useCurrentWorkflowContext()?.config ?? {}) as TriggerConfig;
  const { handshake } = (Form.useWatch('config', { form, preserve: true }) ?? saved) as TriggerConfig;
  return (
    <Section title={t('URL verification')} fold={handshake ? 'open' : 'closed'}>
      <Hint>
        {t("Some providers send a verification request first. It's answered automatically; the workflow doesn't run.")}
      </Hint>
      <Form.Item
        name={PATH}
        label={t('Provider')}
        getValueProps={(stored: UrlVerificationConfig | undefined) => ({ value: stored?.kind ?? '' })}
        normalize={(kind: string, stored: UrlVerificationConfig | undefined) =>
          kind === stored?.kind ? stored : kind ? { kind } : undefined
        }
      >
        <Select
          options={[
            { value: '', label: t('None') },
            ...Object.entries(KINDS).map(([value, label]) => ({ value, label })),
          ]}
        />
      </Form.Item>
      <KindFields kind={handshake?.kind} />
    </Section>
  );
}

function KindFields({ kind }: { kind: string | undefined }) {
  const t = useT();
  const secret = [{ required: true, whitespace: true, message: t('Enter a secret.') }];
  switch (kind) {
    case 'meta':
      return (
        <Form.Item label="Verify token" style={{ marginBottom: 0 }}>
          <SecretRows name={[...PATH, 'verifyTokens']} label="Verify token" generate="text" required />
        </Form.Item>
      );
    case 'feishu':
      return (
        <>
          <Form.Item label="Verification Token" style={{ marginBottom: 0 }}>
            <SecretRows name={[...PATH, 'verificationTokens']} label="Verification Token" />
          </Form.Item>
          <OptionalItem
            name={[...PATH, 'encryptKey']}
            label="Encrypt Key"
            extra={t('Required if the provider encrypts events. They are decrypted before the workflow runs.')}
          >
            <EnvInput masked />
          </OptionalItem>
        </>
      );
    case 'wecom':
    case 'dingtalk':
      return (
        <Columns>
          <Form.Item
            name={[...PATH, 'encodingAesKey']}
            label="EncodingAESKey"
            rules={secret}
            extra={t('Required if the provider encrypts events. They are decrypted before the workflow runs.')}
          >
            <EnvInput masked />
          </Form.Item>
          <OptionalItem
            name={[...PATH, 'receiveId']}
            label={kind === 'wecom' ? 'CorpID' : 'AppKey, CorpID'}
            rules={kind === 'wecom' ? [] : [{ required: true, message: t('Enter a name.') }]}
          >
            <Input spellCheck={false} />
          </OptionalItem>
        </Columns>
      );
    default:
      return null;
  }
}
