import { css } from '@emotion/css';
import { theme } from 'antd';
import type { ReactNode } from 'react';

/**
 * What every form of the plugin stands in. NocoBase's colours for hints, errors and variables stay below the contrast
 * that WCAG 2.1 asks for text (4.5 : 1); here they are mixed with the colour of text, in light and dark themes alike.
 */
export function FormRoot({ children }: { children: ReactNode }) {
  const { token } = theme.useToken();
  const readable = css`
    && .ant-form-item-extra,
    && .ant-typography-secondary {
      color: ${token.colorTextSecondary};
    }
    && .ant-form-item-explain-error {
      color: color-mix(in srgb, ${token.colorError}, ${token.colorText} 45%);
    }
    && .nb-variable-tag {
      color: ${token.colorText};
    }
  `;
  return (
    <div className={readable} data-webhook-form>
      {children}
    </div>
  );
}
