import { CheckOutlined, CopyOutlined } from '@ant-design/icons';
import { Alert, Button, Form, Input, theme } from 'antd';
import { type CSSProperties, type ReactNode, useId } from 'react';
import { useT } from '../locale';
import { Announcement } from './Announcement';
import { useCopy } from './useCopy';

interface CopyFieldProps {
  label: string;
  /** Accessible name of the button. */
  copyLabel: string;
  /** What the button copies. */
  text: string;
  /** What the field shows, if that differs from `text`. */
  shown?: string;
  extra?: ReactNode;
  /** Shows several lines in a monospaced font. */
  command?: boolean;
}

/**
 * A text with a button that copies it. Works in a disabled form too: the whole form is disabled once a version of the
 * workflow has been executed.
 */
export function CopyField({ label, copyLabel, text, shown = text, extra, command }: CopyFieldProps) {
  const t = useT();
  const id = useId();
  const { token } = theme.useToken();
  const [outcome, copyText] = useCopy(text);

  const style: CSSProperties = {
    flex: '1 1 12em',
    minWidth: 0,
    ...(command ? { fontFamily: token.fontFamilyCode, fontSize: token.fontSizeSM } : {}),
  };
  return (
    <Form.Item label={label} htmlFor={id} extra={extra}>
      <div style={{ alignItems: 'start', display: 'flex', flexWrap: 'wrap', gap: token.marginXS }}>
        {command ? (
          <Input.TextArea id={id} readOnly disabled={false} value={shown} autoSize={{ maxRows: 8 }} style={style} />
        ) : (
          <Input
            id={id}
            readOnly
            disabled={false}
            value={shown}
            style={style}
            onFocus={(event) => event.target.select()}
          />
        )}
        <Button
          disabled={false}
          aria-label={copyLabel}
          icon={outcome === 'copied' ? <CheckOutlined /> : <CopyOutlined />}
          onClick={copyText}
        >
          {outcome === 'copied' ? t('Copied') : t('Copy')}
        </Button>
      </div>
      <Announcement>{outcome === 'copied' ? t('Copied') : undefined}</Announcement>
      {outcome === 'failed' ? (
        <Alert type="warning" message={t('Your browser blocked copying. Select the text and press Ctrl/⌘+C.')} />
      ) : null}
    </Form.Item>
  );
}
