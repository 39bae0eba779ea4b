import { css } from '@emotion/css';
import { theme } from 'antd';
import { type ReactNode, useRef } from 'react';
import { Announcement } from '../fields/Announcement';
import { FailedSubmit } from './FailedSubmit';
import { ERROR_CLASS, useShownErrors } from './useShownErrors';

/**
 * Wraps every form of the plugin. NocoBase's colours for hints, errors and variables have less contrast than WCAG 2.1
 * requires for text (4.5 : 1), so they are mixed with the text colour here, in light and dark themes alike. Also announces
 * errors to screen readers, which antd leaves to the form, and lets the text of a button wrap in a narrow drawer.
 */
export function FormRoot({ children }: { children: ReactNode }) {
  const { token } = theme.useToken();
  const root = useRef<HTMLDivElement>(null);
  const shown = useShownErrors(root);

  const readable = css`
    overflow-wrap: anywhere;
    && .ant-form-item-extra,
    && .ant-typography-secondary {
      color: ${token.colorTextSecondary};
    }
    && .${ERROR_CLASS} {
      color: color-mix(in srgb, ${token.colorError}, ${token.colorText} 45%);
    }
    && .nb-variable-tag {
      color: ${token.colorText};
    }
    && .ant-btn:not(.ant-btn-icon-only) {
      height: auto;
      max-width: 100%;
      white-space: normal;
    }
  `;
  return (
    <div ref={root} className={readable} data-webhook-form>
      {children}
      <FailedSubmit root={root} shown={shown} />
      <Announcement role="alert">{shown.map((error) => error.textContent).join(' ') || undefined}</Announcement>
    </div>
  );
}
