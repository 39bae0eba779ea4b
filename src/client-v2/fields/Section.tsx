import { DownOutlined, RightOutlined } from '@ant-design/icons';
import { css } from '@emotion/css';
import { theme } from 'antd';
import { type ReactNode, useId, useState } from 'react';

interface SectionProps {
  title: string;
  /** Makes the section collapsible, initially open or closed. A section that is filled in from elsewhere opens then. */
  fold?: 'open' | 'closed';
  children: ReactNode;
}

/** Hides a collapsed section from everyone, unless it contains an error: nobody would find that. */
const folded = css`
  &:not(:has(.ant-form-item-explain-error)) {
    display: none;
  }
`;

/** A titled section of a form. Screen readers announce the title when the user enters the section. */
export function Section({ title, fold, children }: SectionProps) {
  const { token } = theme.useToken();
  const id = useId();
  const [open, setOpen] = useState(fold !== 'closed');
  // A section that was never opened renders no fields: they would leave empty objects in the config.
  const [seen, setSeen] = useState(open);
  const [previous, setPrevious] = useState(fold);
  if (fold !== previous) {
    setPrevious(fold);
    if (fold === 'open') {
      setOpen(true);
      setSeen(true);
    }
  }
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
          // Not an antd button: that one would be disabled with the form of an executed version.
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
