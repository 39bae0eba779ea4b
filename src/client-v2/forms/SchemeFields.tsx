import { Form, Input, InputNumber, Select } from 'antd';
import { Columns } from '../fields/Columns';
import { OptionalItem } from '../fields/OptionalItem';
import { PartSwitch } from '../fields/PartSwitch';
import { RowList } from '../fields/RowList';
import { SourceField, sourceRule } from '../fields/SourceField';
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
      <Form.Item name={[...name, 'from']} label={t('Where the secret stands')} rules={[sourceRule(t)]}>
        <SourceField kinds={['header', 'query', 'body', 'xml']} />
      </Form.Item>
      <OptionalItem name={[...name, 'prefix']} label={t('Text before it')} extra={example(t, 'Bearer ')}>
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
        <Form.Item name={[...name, 'from']} label={t('Where the signature stands')} rules={[sourceRule(t)]}>
          <SourceField kinds={['header', 'query']} />
        </Form.Item>
        <OptionalItem
          name={[...name, 'separator']}
          label={t('Several in a list, separated by')}
          getValueProps={(value: string | undefined) => ({ value: value ?? '' })}
        >
          <Select
            options={[
              { value: '', label: t('No list') },
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
          label={t('What is signed')}
          rules={[{ required: true, message: t('What is signed is missing.') }]}
          extra={t('A text that may have these in it: {{placeholders}}', { placeholders: PLACEHOLDERS.join(' ') })}
        >
          <Input spellCheck={false} style={{ fontFamily: 'monospace' }} />
        </Form.Item>
      )}
      <RowList
        name={[...name, 'accept']}
        label={t('Kinds of signatures')}
        addLabel={t('Add a kind of signature')}
        create={newAccept}
        block={(n) => t('Kind of signature {{n}}', { n })}
      >
        {(field) => <AcceptFields name={[field.name]} />}
      </RowList>
      <PartSwitch
        name={[...name, 'timestamp']}
        label={t('The call says when it was signed')}
        create={() => ({ from: { header: '' }, tolerance: 300 })}
      />
      {scheme.timestamp ? <TimestampFields name={[...name, 'timestamp']} /> : null}
      <Columns>
        {uses('{id}') ? <PlaceItem name={[...name, 'id']} placeholder="{id}" /> : null}
        {uses('{nonce}') ? <PlaceItem name={[...name, 'nonce']} placeholder="{nonce}" /> : null}
      </Columns>
    </>
  );
}

/** Where in the request a part of the signed content is. */
function PlaceItem({ name, placeholder }: { name: (string | number)[]; placeholder: string }) {
  const t = useT();
  return (
    <Form.Item name={name} label={t('Where {{placeholder}} stands', { placeholder })} rules={[sourceRule(t)]}>
      <SourceField kinds={['header', 'query', 'body', 'xml', 'part']} />
    </Form.Item>
  );
}

function AcceptFields({ name }: Pick<SchemeFieldsProps, 'name'>) {
  const t = useT();
  return (
    <Columns>
      <Form.Item name={[...name, 'algorithm']} label={t('Algorithm')}>
        <Select options={ALGORITHMS.map((value) => ({ value, label: value }))} />
      </Form.Item>
      <Form.Item name={[...name, 'encoding']} label={t('How it is written')}>
        <Select options={['hex', 'base64'].map((value) => ({ value, label: value }))} />
      </Form.Item>
      <OptionalItem name={[...name, 'prefix']} label={t('Text before it')} extra={example(t, 'sha256=')}>
        <Input spellCheck={false} />
      </OptionalItem>
      <Form.Item name={[...name, 'key', 'form']} label={t('How a secret is written')}>
        <Select
          options={[
            { value: 'text', label: t('As it stands') },
            { value: 'base64', label: 'base64' },
            { value: 'hex', label: 'hex' },
          ]}
        />
      </Form.Item>
      <OptionalItem
        name={[...name, 'key', 'prefix']}
        label={t('Text before a secret that is no part of it')}
        extra={example(t, 'whsec_')}
      >
        <Input spellCheck={false} />
      </OptionalItem>
    </Columns>
  );
}

function TimestampFields({ name }: Pick<SchemeFieldsProps, 'name'>) {
  const t = useT();
  return (
    <Columns>
      <Form.Item name={[...name, 'from']} label={t('Where the time stands')} rules={[sourceRule(t)]}>
        <SourceField kinds={['header', 'query', 'body', 'xml', 'part']} />
      </Form.Item>
      <OptionalItem
        name={[...name, 'unit']}
        label={t('Unit of the time')}
        getValueProps={(value: string | undefined) => ({ value: value ?? 'seconds' })}
      >
        <Select
          options={[
            { value: 'seconds', label: t('Seconds') },
            { value: 'milliseconds', label: t('Milliseconds') },
          ]}
        />
      </OptionalItem>
      <OptionalItem
        name={[...name, 'tolerance']}
        label={t('Seconds it may be off')}
        extra={t('When this is empty, an old call can be sent again by anyone who has seen it.')}
      >
        <InputNumber min={0} max={4294967295} precision={0} style={{ width: '100%' }} />
      </OptionalItem>
      <OptionalItem
        name={[...name, 'direction']}
        label={t('What is refused')}
        getValueProps={(value: string | undefined) => ({ value: value ?? 'both' })}
      >
        <Select
          options={[
            { value: 'both', label: t('Too old and too early') },
            { value: 'past', label: t('Too old') },
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
        rules={[{ type: 'array', min: 1, message: t('An algorithm is missing.') }]}
        extra={t('For HS a secret has at least 32 characters; for RS and ES it is a public key in PEM.')}
      >
        <Select mode="multiple" options={JWT_ALGORITHMS.map((value) => ({ value, label: value }))} />
      </Form.Item>
      <OptionalItem name={[...name, 'issuer']} label={t('Who has issued it (iss)')}>
        <Input spellCheck={false} />
      </OptionalItem>
      <OptionalItem name={[...name, 'audience']} label={t('Whom it is for (aud)')}>
        <Input spellCheck={false} />
      </OptionalItem>
      <OptionalItem name={[...name, 'leeway']} label={t('Seconds the clocks may differ')}>
        <InputNumber min={0} max={4294967295} precision={0} placeholder="60" style={{ width: '100%' }} />
      </OptionalItem>
    </Columns>
  );
}

function example(t: ReturnType<typeof useT>, text: string): string {
  return t('e.g. {{example}}', { example: text });
}
