import { CheckOutlined, CopyOutlined, ReloadOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import type { Rule } from 'antd/es/form';
import { MAX_SECRETS } from '../../common/config';
import { type Translate, useT } from '../locale';
import type { SecretForm } from '../model/providers';
import { isVariable, type KeyForm, newSecret } from '../../common/secret';
import { Announcement } from './Announcement';
import { EnvInput } from './EnvInput';
import { RowField, RowList } from './RowList';
import { useCopy } from './useCopy';
import { useReplacement } from './useReplacement';

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
  /** What the sender's secrets look like. */
  form?: SecretForm;
}

/** A list of secrets. Any one of them is enough, so secrets can be rotated without downtime. */
export function SecretRows({ name, label, generate, required, lines, form }: SecretRowsProps) {
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
      {(field, n, add) => (
        <RowField
          name={[field.name]}
          rules={[
            { required: true, whitespace: true, message: t('Enter a secret.') },
            ...(form ? [formRule(form, t)] : []),
          ]}
        >
          <SecretInput label={t('Secret {{n}}', { n })} generate={generate} lines={lines} n={n} onKeep={add} />
        </RowField>
      )}
    </RowList>
  );
}

/** Warns about a secret that doesn't look like the sender's. The sender may change its form, so this prevents nothing. */
function formRule({ pattern, example }: SecretForm, t: Translate): Rule {
  return {
    warningOnly: true,
    validator: async (_rule, secret: unknown) => {
      if (typeof secret === 'string' && secret && !isVariable(secret) && !pattern.test(secret)) {
        throw new Error(t("This doesn't look like a secret of this sender. Expected: {{example}}", { example }));
      }
    },
  };
}

interface SecretInputProps {
  id?: string;
  value?: string;
  onChange?: (value: string) => void;
  label: string;
  generate?: KeyForm;
  lines?: boolean;
  n: number;
  /** Adds the previous secret as another row. */
  onKeep: (secret: string) => void;
}

function SecretInput({ id, value = '', onChange, label, generate, lines, n, onKeep }: SecretInputProps) {
  const t = useT();
  const settle = useReplacement(value, onChange, onKeep);
  const [outcome, copyText] = useCopy(value);
  const isCopyable = Boolean(value) && !isVariable(value);
  return (
    <div style={{ alignItems: 'start', display: 'flex', flexWrap: 'wrap', gap: 4 }}>
      <div style={{ flex: '1 1 8em', minWidth: 0 }} onBlur={() => settle(value)}>
        <EnvInput id={id} label={label} value={value} onChange={onChange} masked={!lines} lines={lines} />
      </div>
      {generate ? (
        <Button
          aria-label={t('Generate secret {{n}}', { n })}
          title={t('Generate secret {{n}}', { n })}
          icon={<ReloadOutlined />}
          onClick={() => {
            const next = newSecret(generate);
            onChange?.(next);
            void settle(next);
          }}
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
