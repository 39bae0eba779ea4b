import type { MetaTreeNode } from '@nocobase/flow-engine';
import { Radio } from 'antd';
import { useState } from 'react';
import { useT } from '../locale';
import { JsonField } from './JsonField';

interface BodyFieldProps {
  id?: string;
  value?: unknown;
  onChange?: (value: unknown) => void;
  metaTree?: MetaTreeNode[];
}

/** The body of a response: JSON, or plain text, which is stored as a string. */
export function BodyField({ id, value, onChange, metaTree }: BodyFieldProps) {
  const t = useT();
  const [picked, setPicked] = useState<'json' | 'text'>();
  const format = picked ?? (typeof value === 'string' && value !== '' ? 'text' : 'json');
  return (
    <>
      <Radio.Group
        optionType="button"
        aria-label={t('Body format')}
        style={{ marginBottom: 8 }}
        value={format}
        onChange={(event) => setPicked(event.target.value as 'json' | 'text')}
        options={[
          { value: 'json', label: 'JSON' },
          { value: 'text', label: t('Text') },
        ]}
      />
      <JsonField
        id={id}
        value={value}
        onChange={(next) => {
          // The first change fixes the format: text typed as JSON must not turn into plain text.
          setPicked(format);
          onChange?.(next);
        }}
        variables={metaTree ?? true}
        plain={format === 'text'}
      />
    </>
  );
}
