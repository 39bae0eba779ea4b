import { FlowContextSelector, type MetaTreeNode } from '@nocobase/flow-engine';
import { useWorkflowVariableOptions } from '@nocobase/plugin-workflow/client-v2';
import { Button, Input, Space } from 'antd';
import { type ChangeEvent, useMemo, useState } from 'react';
import { useT } from '../locale';
import { isVariable } from '../../common/secret';

interface EnvInputProps {
  id?: string;
  value?: string;
  onChange?: (value: string) => void;
  /** The accessible name, if no form label provides one. */
  label?: string;
  /** Hides what is typed. The name of a variable isn't secret and stays readable. */
  masked?: boolean;
  /** Shows several lines, e.g. for a PEM key. */
  lines?: boolean;
}

/** An input for text or for one of NocoBase's "Variables and secrets" (`{{$env.NAME}}`), picked from a list. */
export function EnvInput({ id, value, onChange, label, masked, lines }: EnvInputProps) {
  const t = useT();
  const [revealed, setRevealed] = useState(false);
  const options = useWorkflowVariableOptions();
  const tree = useMemo(() => options.filter((node) => node.name === '$env'), [options]);

  const common = {
    id,
    value,
    'aria-label': label,
    onChange: (event: ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) => onChange?.(event.target.value),
  };
  return (
    <Space.Compact block>
      {lines ? (
        <Input.TextArea {...common} autoSize={{ minRows: 3, maxRows: 8 }} style={{ fontFamily: 'monospace' }} />
      ) : masked ? (
        <Input.Password
          {...common}
          autoComplete="new-password"
          visibilityToggle={{ visible: isVariable(value) || revealed, onVisibleChange: setRevealed }}
        />
      ) : (
        <Input {...common} autoComplete="off" />
      )}
      {tree.length ? (
        <FlowContextSelector
          metaTree={() => tree}
          onlyLeafSelectable
          formatPathToValue={(node?: MetaTreeNode) => (node ? `{{${node.paths.join('.')}}}` : '')}
          onChange={(picked: string) => picked && onChange?.(picked)}
        >
          <Button aria-label={t('Select a variable or secret')} style={{ fontFamily: 'serif', fontStyle: 'italic' }}>
            x
          </Button>
        </FlowContextSelector>
      ) : null}
    </Space.Compact>
  );
}
