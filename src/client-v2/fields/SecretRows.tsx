import { CheckOutlined, CopyOutlined, ReloadOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { MAX_SECRETS } from '../../common/config';
import { useT } from '../locale';
import { isVariable, type KeyForm, newSecret } from '../../common/secret';
import { Announcement } from './Announcement';
import { EnvInput } from './EnvInput';
import { RowField, RowList } from './RowList';
import { useCopy } from './useCopy';

interface SecretRowsProps {
  /** The path of the list, relative to the enclosing list if there is one. */
  name: (string | number)[];
  /** The accessible name of the list. */
  label: string;
  /** The form of generated secrets. Without it, secrets can't be generated here. */
  generate?: KeyForm;
  /** Whether at least one secret is required. */
  required?: boolean;
  /** Shows several lines unmasked, as for public keys. */
  lines?: boolean;
}

/** A list of secrets. Any one of them is enough, so secrets can be rotated without downtime. */
export function SecretRows({ name, label, generate, required, lines }: SecretRowsProps) {
  const t = useT();
  return (
    <RowList
      name={name}
      label={label}
      addLabel={t('Add secret (for rotation)')}
      create={() => ''}
      max={MAX_SECRETS}
      rules={[
        {
          validator: async (_rule: unknown, secrets: string[] | undefined) => {
            if (required && !secrets?.length) {
              throw new Error(t('Enter a secret.'));
            }
          },
        },
      ]}
    >
      {(field, n) => (
        <RowField name={[field.name]} rules={[{ required: true, whitespace: true, message: t('Enter a secret.') }]}>
          <SecretInput label={t('Secret {{n}}', { n })} generate={generate} lines={lines} n={n} />
        </RowField>
      )}
    </RowList>
  );
}

interface SecretInputProps {
  id?: string;
  value?: string;
  onChange?: (value: string) => void;
  label: string;
  generate?: KeyForm;
  lines?: boolean;
  n: number;
}

function SecretInput({ id, value = '', onChange, label, generate, lines, n }: SecretInputProps) {
  const t = useT();
  const [outcome, copyText] = useCopy(value);
  const isCopyable = Boolean(value) && !isVariable(value);
  return (
    <div style={{ alignItems: 'start', display: 'flex', flexWrap: 'wrap', gap: 4 }}>
      <div style={{ flex: '1 1 8em', minWidth: 0 }}>
        <EnvInput id={id} label={label} value={value} onChange={onChange} masked={!lines} lines={lines} />
      </div>
      {generate ? (
        <Button
          aria-label={t('Generate secret {{n}}', { n })}
          title={t('Generate secret {{n}}', { n })}
          icon={<ReloadOutlined />}
          onClick={() => onChange?.(newSecret(generate))}
        />
      ) : null}
      {isCopyable ? (
        <Button
          disabled={false}
          aria-label={t('Copy secret {{n}}', { n })}
          title={t('Copy secret {{n}}', { n })}
          icon={outcome === 'copied' ? <CheckOutlined /> : <CopyOutlined />}
          onClick={copyText}
        />
      ) : null}
      <Announcement>{outcome === 'copied' ? t('Copied') : undefined}</Announcement>
    </div>
  );
}
