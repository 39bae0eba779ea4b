import { DownOutlined, RightOutlined } from '@ant-design/icons';
import { css } from '@emotion/css';
import { theme } from 'antd';
import { type ReactNode, useId, useState } from 'react';

interface SectionProps {
  title: string;
  /** Whether the part can be folded away, and how it begins; without it, it can't. */
  fold?: 'open' | 'closed';
  children: ReactNode;
}

/** What is folded away is not there for anyone, but for a part with an error in it: nobody would find that. */
const folded = css`
  &:not(:has(.ant-form-item-explain-error)) {
    display: none;
  }
`;

/** A titled part of a form; a screen reader says the title when it enters the part. */
export function Section({ title, fold, children }: SectionProps) {
  const { token } = theme.useToken();
  const id = useId();
  const [open, setOpen] = useState(fold !== 'closed');
  // What has never been open makes no fields: they would leave empty parts in the config.
  const [seen, setSeen] = useState(open);
  return (
    <fieldset style={{ border: 0, margin: `0 0 ${token.marginLG}px`, minWidth: 0, padding: 0 }}>
      <legend
        style={{
          borderBottom: `${token.lineWidth}px solid ${token.colorBorderSecondary}`,
          color: token.colorTextHeading,
          fontSize: token.fontSizeLG,
          fontWeight: token.fontWeightStrong,
          marginBottom: token.marginSM,
          paddingBottom: token.paddingXXS,
        }}
      >
        {fold ? (
          // No antd button: it would be disabled with the form of a version that has run.
          <button
            type="button"
            aria-expanded={open}
            aria-controls={id}
            style={{
              background: 'none',
              border: 0,
              color: 'inherit',
              cursor: 'pointer',
              display: 'flex',
              font: 'inherit',
              gap: token.marginXS,
              padding: 0,
              width: '100%',
            }}
            onClick={() => {
              setOpen(!open);
              setSeen(true);
            }}
          >
            {open ? <DownOutlined aria-hidden /> : <RightOutlined aria-hidden />}
            {title}
          </button>
        ) : (
          title
        )}
      </legend>
      <div id={id} className={open ? undefined : folded}>
        {seen ? children : null}
      </div>
    </fieldset>
  );
}
