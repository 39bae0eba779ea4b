import { CheckOutlined, CopyOutlined, ReloadOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { MAX_SECRETS } from '../../common/config';
import { useT } from '../locale';
import { isVariable, type KeyForm, newSecret } from '../model/secret';
import { Announcement } from './Announcement';
import { EnvInput } from './EnvInput';
import { RowField, RowList } from './RowList';
import { useCopy } from './useCopy';

interface SecretRowsProps {
  /** Where the list is, from the list around it where there is one. */
  name: (string | number)[];
  /** What the secrets are. */
  label: string;
  /** How a secret that is made up here is written; without it none can be. */
  madeUp?: KeyForm;
  /** Whether there has to be one. */
  required?: boolean;
  /** Whether they have several lines and are no secrets, as public keys. */
  lines?: boolean;
}

/** Secrets of which any one is enough, so that one can be replaced by another without a gap. */
export function SecretRows({ name, label, madeUp, required, lines }: SecretRowsProps) {
  const t = useT();
  return (
    <RowList
      name={name}
      label={label}
      addLabel={t('Add a secret')}
      create={() => ''}
      max={MAX_SECRETS}
      rules={[
        {
          validator: async (_rule: unknown, secrets: string[] | undefined) => {
            if (required && !secrets?.length) {
              throw new Error(t('The secret is missing.'));
            }
          },
        },
      ]}
    >
      {(field, n) => (
        <RowField
          name={[field.name]}
          rules={[{ required: true, whitespace: true, message: t('The secret is missing.') }]}
        >
          <SecretInput label={t('Secret {{n}}', { n })} madeUp={madeUp} lines={lines} n={n} />
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
  madeUp?: KeyForm;
  lines?: boolean;
  n: number;
}

function SecretInput({ id, value = '', onChange, label, madeUp, lines, n }: SecretInputProps) {
  const t = useT();
  const [outcome, copyText] = useCopy(value);
  const known = Boolean(value) && !isVariable(value);
  return (
    <div style={{ alignItems: 'start', display: 'flex', flexWrap: 'wrap', gap: 4 }}>
      <div style={{ flex: '1 1 8em', minWidth: 0 }}>
        <EnvInput id={id} label={label} value={value} onChange={onChange} masked={!lines} lines={lines} />
      </div>
      {madeUp ? (
        <Button
          aria-label={t('Make up secret {{n}}', { n })}
          title={t('Make up secret {{n}}', { n })}
          icon={<ReloadOutlined />}
          onClick={() => onChange?.(newSecret(madeUp))}
        />
      ) : null}
      {known ? (
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
