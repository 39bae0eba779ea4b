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
  const fold = saved.addresses || saved.rateLimit || saved.idempotency ? 'open' : 'closed';
  return (
    <Section title={t('Limits and repetitions')} fold={fold}>
      <PartSwitch
        name={ADDRESSES}
        label={t('Only from certain addresses')}
        extra={t('Calls from elsewhere get the answer 403.')}
        create={() => ({ allow: [] })}
      />
      {addresses ? (
        <>
          <Form.Item
            name={[...ADDRESSES, 'allow']}
            label={t('Addresses and ranges')}
            required
            rules={[addressesRule(t)]}
            extra={t('e.g. {{example}}', { example: '203.0.113.7, 192.0.2.0/24, 2001:db8::/32' })}
          >
            <TagsField />
          </Form.Item>
          <Form.Item
            name={[...ADDRESSES, 'proxies']}
            label={t('Proxies in between')}
            rules={[addressesRule(t)]}
            extra={t(
              'Behind proxies the address stands in a header that anyone could send: only proxies that are known here are believed.',
            )}
          >
            <ProxiesField />
          </Form.Item>
        </>
      ) : null}
      <PartSwitch
        name={RATE}
        label={t('Rate limit')}
        extra={t('More calls get the answer 429, with the time after which to try again.')}
        create={() => ({ requests: 60, seconds: 60 })}
        off={false}
      />
      {rateLimit ? (
        <Columns>
          <Form.Item name={[...RATE, 'requests']} label={t('Calls')} rules={[numberRule(t)]}>
            <InputNumber min={1} max={RATE_LIMIT_RANGE.requests} precision={0} style={{ width: '100%' }} />
          </Form.Item>
          <Form.Item name={[...RATE, 'seconds']} label={t('in so many seconds')} rules={[numberRule(t)]}>
            <InputNumber min={1} max={RATE_LIMIT_RANGE.seconds} precision={0} style={{ width: '100%' }} />
          </Form.Item>
        </Columns>
      ) : null}
      <PartSwitch
        name={IDEMPOTENCY}
        label={t('Recognise repetitions')}
        extra={t('A call with the id of an earlier one starts nothing and gets the same answer.')}
        create={() => ({ source: 'header', key: '' })}
        off={false}
      />
      {idempotency ? (
        <Columns>
          <Form.Item name={[...IDEMPOTENCY, 'source']} label={t('Where the id stands')}>
            <Select
              options={[
                { value: 'header', label: t('Header') },
                { value: 'body', label: t('Path in the body') },
              ]}
            />
          </Form.Item>
          <Form.Item
            name={[...IDEMPOTENCY, 'key']}
            label={t('Its name')}
            dependencies={[[...IDEMPOTENCY, 'source']]}
            rules={[
              { required: true, message: t('The name is missing.') },
              ...(idempotency.source === 'header'
                ? [{ pattern: HEADER_NAME, message: t('A header name has no spaces and no : in it.') }]
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
          { value: 'count', label: t('So many') },
          { value: 'list', label: t('Those with these addresses') },
        ]}
      />
      {kind === 'count' ? (
        <InputNumber
          aria-label={t('Number of proxies')}
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
            label={t('Addresses of the proxies')}
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
        throw new Error(t('An address is missing.'));
      }
      const wrong = value.find((text) => !/^[\da-f]*[.:][\da-f.:]*(\/\d{1,3})?$/i.test(text));
      if (wrong !== undefined) {
        throw new Error(t('This is neither an address nor a range: {{text}}', { text: wrong }));
      }
    },
  };
}

function numberRule(t: Translate): Rule {
  return { required: true, type: 'integer', message: t('A number is missing.') };
}
