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
  /** What is shown, where that is not what is copied. */
  shown?: string;
  extra?: ReactNode;
  /** Over several lines, in a monospaced font. */
  command?: boolean;
}

/**
 * A text that is there to be copied. It works in a disabled form too, as the version of a workflow that has run is
 * disabled as a whole.
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
      {outcome === 'refused' ? (
        <Alert
          type="warning"
          message={t('The browser refuses to copy. Select the text and copy it with the keyboard.')}
        />
      ) : null}
    </Form.Item>
  );
}
