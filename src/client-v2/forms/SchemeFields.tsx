import { Form, Input, InputNumber, Select } from 'antd';
import { Columns } from '../fields/Columns';
import { OptionalItem } from '../fields/OptionalItem';
import { PartSwitch } from '../fields/PartSwitch';
import { RowList } from '../fields/RowList';
import { SourceField, sourceRule } from '../fields/SourceField';
import { SourcesField } from '../fields/SourcesField';
import { useT } from '../locale';
import {
  ALGORITHMS,
  JWT_ALGORITHMS,
  newAccept,
  PLACEHOLDERS,
  type Scheme,
  type SignatureScheme,
} from '../model/authMethods';

interface SchemeFieldsProps {
  /** The path of the scheme, relative to the enclosing list. */
  name: (string | number)[];
  /** The current value. */
  scheme: Scheme;
}

/** Fields for the common options of a scheme. The others stay as they are and can be edited as JSON. */
export function SchemeFields({ name, scheme }: SchemeFieldsProps) {
  switch (scheme.kind) {
    case 'token':
      return <TokenFields name={name} />;
    case 'signature':
      return <SignatureFields name={name} scheme={scheme} />;
    case 'jwt':
      return <JwtFields name={name} />;
    default:
      return null;
  }
}

function TokenFields({ name }: Pick<SchemeFieldsProps, 'name'>) {
  const t = useT();
  return (
    <Columns>
      <Form.Item name={[...name, 'from']} label={t('Token location')} rules={[sourceRule(t)]}>
        <SourceField kinds={['header', 'query', 'body', 'form', 'xml']} />
      </Form.Item>
      <OptionalItem name={[...name, 'prefix']} label={t('Prefix')} extra={example(t, 'Bearer ')}>
        <Input spellCheck={false} />
      </OptionalItem>
    </Columns>
  );
}

function SignatureFields({ name, scheme }: Pick<SchemeFieldsProps, 'name'> & { scheme: SignatureScheme }) {
  const t = useT();
  const signed = typeof scheme.signed === 'string' ? scheme.signed : undefined;
  const uses = (placeholder: string) => signed?.includes(placeholder);
  return (
    <>
      <Columns>
        <Form.Item name={[...name, 'from']} label={t('Signature location')} rules={[sourceRule(t)]}>
          <SourcesField kinds={['header', 'query', 'body', 'form', 'xml']} />
        </Form.Item>
        <OptionalItem
          name={[...name, 'separator']}
          label={t('List separator')}
          getValueProps={(value: string | undefined) => ({ value: value ?? '' })}
        >
          <Select
            options={[
              { value: '', label: t('Single signature') },
              { value: ',', label: t('Comma') },
              { value: ' ', label: t('Space') },
              { value: ';', label: t('Semicolon') },
            ]}
          />
        </OptionalItem>
      </Columns>
      {signed === undefined ? null : (
        <Form.Item
          name={[...name, 'signed']}
          label={t('Signed content')}
          rules={[{ required: true, message: t('Enter the signed content.') }]}
          extra={t('Template. Available placeholders: {{placeholders}}', { placeholders: PLACEHOLDERS.join(' ') })}
        >
          <Input spellCheck={false} style={{ fontFamily: 'monospace' }} />
        </Form.Item>
      )}
      <RowList
        name={[...name, 'accept']}
        label={t('Signature variants')}
        addLabel={t('Add variant')}
        create={newAccept}
        block={(n) => t('Signature variant {{n}}', { n })}
      >
        {(field) => <AcceptFields name={[field.name]} />}
      </RowList>
      <PartSwitch
        name={[...name, 'timestamp']}
        label={t('Verify timestamp (replay protection)')}
        create={() => ({ from: { header: '' }, tolerance: 300 })}
      />
      {scheme.timestamp ? <TimestampFields name={[...name, 'timestamp']} /> : null}
      <Columns>
        {uses('{id}') ? <PlaceItem name={[...name, 'id']} placeholder="{id}" /> : null}
        {uses('{nonce}') ? <PlaceItem name={[...name, 'nonce']} placeholder="{nonce}" /> : null}
      </Columns>
      <OptionalItem
        name={[...name, 'each']}
        label={t('Signed list')}
        extra={t(
          'Body path of a list whose elements are signed one by one. Body paths above are then relative to an element.',
        )}
      >
        <Input spellCheck={false} />
      </OptionalItem>
    </>
  );
}

/** Where in the request a part of the signed content is. */
function PlaceItem({ name, placeholder }: { name: (string | number)[]; placeholder: string }) {
  const t = useT();
  return (
    <Form.Item name={name} label={t('{{placeholder}} location', { placeholder })} rules={[sourceRule(t)]}>
      <SourcesField kinds={['header', 'query', 'body', 'form', 'xml', 'part']} />
    </Form.Item>
  );
}

function AcceptFields({ name }: Pick<SchemeFieldsProps, 'name'>) {
  const t = useT();
  const algorithm = Form.useWatch([...name, 'algorithm'], Form.useFormInstance()) as string | undefined;
  const hint = /^(rsa|ecdsa)-/.test(algorithm ?? '')
    ? t('Secret: public key or certificate of the sender, PEM or base64.')
    : algorithm?.endsWith('md5')
      ? t('MD5 is outdated. Use it only if the sender offers nothing else.')
      : undefined;
  return (
    <Columns>
      <Form.Item name={[...name, 'algorithm']} label={t('Algorithm')} extra={hint}>
        <Select options={ALGORITHMS.map((value) => ({ value, label: value }))} />
      </Form.Item>
      <Form.Item name={[...name, 'encoding']} label={t('Signature encoding')}>
        <Select options={['hex', 'base64', 'base64url'].map((value) => ({ value, label: value }))} />
      </Form.Item>
      <OptionalItem name={[...name, 'prefix']} label={t('Prefix')} extra={example(t, 'sha256=')}>
        <Input spellCheck={false} />
      </OptionalItem>
      <Form.Item name={[...name, 'key', 'form']} label={t('Secret encoding')}>
        <Select
          options={[
            { value: 'text', label: t('Plain text') },
            { value: 'base64', label: 'base64' },
            { value: 'base64url', label: 'base64url' },
            { value: 'hex', label: 'hex' },
          ]}
        />
      </Form.Item>
      <OptionalItem name={[...name, 'key', 'prefix']} label={t('Secret prefix to strip')} extra={example(t, 'whsec_')}>
        <Input spellCheck={false} />
      </OptionalItem>
    </Columns>
  );
}

function TimestampFields({ name }: Pick<SchemeFieldsProps, 'name'>) {
  const t = useT();
  return (
    <Columns>
      <Form.Item name={[...name, 'from']} label={t('Timestamp location')} rules={[sourceRule(t)]}>
        <SourcesField kinds={['header', 'query', 'body', 'form', 'xml', 'part']} />
      </Form.Item>
      <OptionalItem
        name={[...name, 'unit']}
        label={t('Timestamp unit')}
        getValueProps={(value: string | undefined) => ({ value: value ?? 'seconds' })}
      >
        <Select
          options={[
            { value: 'seconds', label: t('Seconds') },
            { value: 'milliseconds', label: t('Milliseconds') },
            { value: 'rfc3339', label: t('Date and time (RFC 3339)') },
          ]}
        />
      </OptionalItem>
      <OptionalItem
        name={[...name, 'tolerance']}
        label={t('Tolerance (seconds)')}
        extra={t('Leave empty to disable replay protection.')}
      >
        <InputNumber min={0} max={4294967295} precision={0} style={{ width: '100%' }} />
      </OptionalItem>
      <OptionalItem
        name={[...name, 'direction']}
        label={t('Reject')}
        getValueProps={(value: string | undefined) => ({ value: value ?? 'both' })}
      >
        <Select
          options={[
            { value: 'both', label: t('Outside tolerance') },
            { value: 'past', label: t('Older than tolerance') },
          ]}
        />
      </OptionalItem>
    </Columns>
  );
}

function JwtFields({ name }: Pick<SchemeFieldsProps, 'name'>) {
  const t = useT();
  return (
    <Columns>
      <Form.Item
        name={[...name, 'algorithms']}
        label={t('Algorithms')}
        // Not `required`: ARIA doesn't allow that for a select with multiple values.
        rules={[{ type: 'array', min: 1, message: t('Select an algorithm.') }]}
        extra={t('HS*: secret of at least 32 characters. RS*/ES*: public key in PEM format.')}
      >
        <Select mode="multiple" options={JWT_ALGORITHMS.map((value) => ({ value, label: value }))} />
      </Form.Item>
      <OptionalItem name={[...name, 'issuer']} label={t('Issuer (iss)')}>
        <Input spellCheck={false} />
      </OptionalItem>
      <OptionalItem name={[...name, 'audience']} label={t('Audience (aud)')}>
        <Input spellCheck={false} />
      </OptionalItem>
      <OptionalItem name={[...name, 'leeway']} label={t('Clock skew (seconds)')}>
        <InputNumber min={0} max={4294967295} precision={0} placeholder="60" style={{ width: '100%' }} />
      </OptionalItem>
    </Columns>
  );
}

function example(t: ReturnType<typeof useT>, text: string): string {
  return t('e.g. {{example}}', { example: text });
}
