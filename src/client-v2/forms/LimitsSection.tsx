import { useCurrentWorkflowContext } from '@nocobase/plugin-workflow/client-v2';
import { Form, Input, InputNumber, Select } from 'antd';
import type { Rule } from 'antd/es/form';
import { useState } from 'react';
import { RATE_LIMIT_RANGE, type TriggerConfig } from '../../common/config';
import { Columns } from '../fields/Columns';
import { PartSwitch } from '../fields/PartSwitch';
import { Section } from '../fields/Section';
import { HEADER_NAME } from '../fields/SourceField';
import { TagsField } from '../fields/TagsField';
import { type Translate, useT } from '../locale';

const ADDRESSES = ['config', 'addresses'];
const RATE = ['config', 'rateLimit'];
const IDEMPOTENCY = ['config', 'idempotency'];

/** Limits on requests: IP allowlist, rate limit and duplicates. */
export function LimitsSection() {
  const t = useT();
  const form = Form.useFormInstance();
  const saved = (useCurrentWorkflowContext()?.config ?? {}) as TriggerConfig;
  const { addresses, rateLimit, idempotency } = (Form.useWatch('config', { form, preserve: true }) ??
    saved) as TriggerConfig;
  const fold = addresses || rateLimit || idempotency ? 'open' : 'closed';
  return (
    <Section title={t('Limits and duplicates')} fold={fold}>
      <PartSwitch
        name={ADDRESSES}
        label={t('IP allowlist')}
        extra={t('Other IP addresses get 403.')}
        create={() => ({ allow: [] })}
      />
      {addresses ? (
        <>
          <Form.Item
            name={[...ADDRESSES, 'allow']}
            label={t('IP addresses or CIDR ranges')}
            required
            rules={[addressesRule(t)]}
            extra={t('e.g. {{example}}', { example: '203.0.113.7, 192.0.2.0/24, 2001:db8::/32' })}
          >
            <TagsField />
          </Form.Item>
          <Form.Item
            name={[...ADDRESSES, 'proxies']}
            label={t('Trusted proxies')}
            rules={[addressesRule(t)]}
            extra={t(
              'Behind a proxy the client address comes from X-Forwarded-For, which anyone can forge. List only proxies you operate.',
            )}
          >
            <ProxiesField />
          </Form.Item>
        </>
      ) : null}
      <PartSwitch
        name={RATE}
        label={t('Rate limit')}
        extra={t('Requests over the limit get 429 with Retry-After.')}
        create={() => ({ requests: 60, seconds: 60 })}
        off={false}
      />
      {rateLimit ? (
        <Columns>
          <Form.Item name={[...RATE, 'requests']} label={t('Requests')} rules={[numberRule(t)]}>
            <InputNumber min={1} max={RATE_LIMIT_RANGE.requests} precision={0} style={{ width: '100%' }} />
          </Form.Item>
          <Form.Item name={[...RATE, 'seconds']} label={t('per (seconds)')} rules={[numberRule(t)]}>
            <InputNumber min={1} max={RATE_LIMIT_RANGE.seconds} precision={0} style={{ width: '100%' }} />
          </Form.Item>
        </Columns>
      ) : null}
      <PartSwitch
        name={IDEMPOTENCY}
        label={t('Ignore duplicates')}
        extra={t("A repeated idempotency key doesn't run the workflow again; the original response is returned.")}
        create={() => ({ source: 'header', key: '' })}
        off={false}
      />
      {idempotency ? (
        <Columns>
          <Form.Item name={[...IDEMPOTENCY, 'source']} label={t('Idempotency key')}>
            <Select
              options={[
                { value: 'header', label: t('Header') },
                { value: 'body', label: t('Body path') },
              ]}
            />
          </Form.Item>
          <Form.Item
            name={[...IDEMPOTENCY, 'key']}
            label={t('Header name or body path')}
            dependencies={[[...IDEMPOTENCY, 'source']]}
            rules={[
              { required: true, message: t('Enter a name.') },
              ...(idempotency.source === 'header'
                ? [{ pattern: HEADER_NAME, message: t("A header name can't contain spaces or colons.") }]
                : []),
            ]}
            extra={t('e.g. {{example}}', { example: idempotency.source === 'header' ? 'X-Event-Id' : 'event.id' })}
          >
            <Input spellCheck={false} />
          </Form.Item>
        </Columns>
      ) : null}
    </Section>
  );
}

type Proxies = number | string[] | undefined;

interface ProxiesFieldProps {
  id?: string;
  value?: Proxies;
  onChange?: (value: Proxies) => void;
}

/** The trusted proxies: none, their number, or their addresses. */
function ProxiesField({ id, value, onChange }: ProxiesFieldProps) {
  const t = useT();
  const [picked, setPicked] = useState<'none' | 'count' | 'list'>();
  const kind = picked ?? (Array.isArray(value) ? 'list' : value ? 'count' : 'none');
  return (
    <>
      <Select
        id={id}
        value={kind}
        onChange={(next) => {
          setPicked(next);
          onChange?.(next === 'none' ? undefined : next === 'count' ? 1 : []);
        }}
        options={[
          { value: 'none', label: t('None') },
          { value: 'count', label: t('Number of hops') },
          { value: 'list', label: t('Specific addresses') },
        ]}
      />
      {kind === 'count' ? (
        <InputNumber
          aria-label={t('Proxy hops')}
          min={1}
          max={255}
          precision={0}
          style={{ marginTop: 8, width: '100%' }}
          value={typeof value === 'number' ? value : null}
          onChange={(next) => onChange?.(next ?? undefined)}
        />
      ) : kind === 'list' ? (
        <div style={{ marginTop: 8 }}>
          <TagsField
            label={t('IP addresses or CIDR ranges of the proxies')}
            value={Array.isArray(value) ? value : []}
            onChange={onChange}
          />
        </div>
      ) : null}
    </>
  );
}

/** Rejects what can't be an address. The server validates the rest. */
function addressesRule(t: Translate): Rule {
  return {
    validator: async (_rule, value: Proxies) => {
      if (!Array.isArray(value)) {
        return;
      }
      if (!value.length) {
        throw new Error(t('Enter an IP address or CIDR range.'));
      }
      const wrong = value.find((text) => !/^[\da-f]*[.:][\da-f.:]*(\/\d{1,3})?$/i.test(text));
      if (wrong !== undefined) {
        throw new Error(t('Not a valid IP address or CIDR range: {{text}}', { text: wrong }));
      }
    },
  };
}

function numberRule(t: Translate): Rule {
  return { required: true, type: 'integer', message: t('Enter a number.') };
}
