import { css } from '@emotion/css';
import { theme } from 'antd';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { Announcement } from '../fields/Announcement';

const ERROR = 'ant-form-item-explain-error';

/**
 * What every form of the plugin stands in. NocoBase's colours for hints, errors and variables stay below the contrast
 * that WCAG 2.1 asks for text (4.5 : 1); here they are mixed with the colour of text, in light and dark themes alike.
 * Errors are announced, which antd leaves to the form.
 */
export function FormRoot({ children }: { children: ReactNode }) {
  const { token } = theme.useToken();
  const root = useRef<HTMLDivElement>(null);
  const [errors, setErrors] = useState<string>();

  useEffect(() => {
    const element = root.current;
    if (!element) {
      return;
    }
    const observer = new MutationObserver(() => {
      const shown = [...element.getElementsByClassName(ERROR)].map((error) => error.textContent);
      setErrors(shown.join(' ') || undefined);
    });
    observer.observe(element, { childList: true, characterData: true, subtree: true });
    return () => observer.disconnect();
  }, []);

  const readable = css`
    overflow-wrap: anywhere;
    && .ant-form-item-extra,
    && .ant-typography-secondary {
      color: ${token.colorTextSecondary};
    }
    && .${ERROR} {
      color: color-mix(in srgb, ${token.colorError}, ${token.colorText} 45%);
    }
    && .nb-variable-tag {
      color: ${token.colorText};
    }
  `;
  return (
    <div ref={root} className={readable} data-webhook-form>
      {children}
      <Announcement role="alert">{errors}</Announcement>
    </div>
  );
}
