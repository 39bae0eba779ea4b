import { theme } from 'antd';
import { type ReactNode } from 'react';

/** A titled part of a form; a screen reader says the title when it enters the part. */
export function Section({ title, children }: { title: string; children: ReactNode }) {
  const { token } = theme.useToken();
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
        {title}
      </legend>
      {children}
    </fieldset>
  );
}
