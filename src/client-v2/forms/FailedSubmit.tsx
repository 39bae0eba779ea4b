import { Form, theme } from 'antd';
import { type RefObject, useEffect, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import { useT } from '../locale';

interface FailedSubmitProps {
  /** The element around the form. */
  root: RefObject<HTMLElement>;
  /** The elements that show errors. */
  shown: Element[];
}

/**
 * After a Submit with errors: scrolls to the first one, focuses its field, and names all such fields at the button. NocoBase's
 * drawers do nothing visible then, and the field may be out of sight.
 */
export function FailedSubmit({ root, shown }: FailedSubmitProps) {
  const t = useT();
  const { token } = theme.useToken();
  const form = Form.useFormInstance();
  const [footer, setFooter] = useState<Element>();
  const [failures, setFailures] = useState(0);
  const handled = useRef(0);

  useEffect(() => {
    // NocoBase's drawers call this function themselves when the user submits, so `onFinishFailed` never fires.
    const { validateFields } = form;
    const noticing = async (...given: Parameters<typeof validateFields>) => {
      try {
        return (await validateFields(...given)) as unknown;
      } catch (error) {
        if (!given.length) {
          setFooter(footerOf(root.current));
          setFailures((count) => count + 1);
        }
        throw error;
      }
    };
    Object.assign(form, { validateFields: noticing });
    return () => void Object.assign(form, { validateFields });
  }, [form, root]);

  // Only what prevents saving: a sample that can't be parsed, for example, doesn't.
  const messages = failures ? form.getFieldsError().flatMap(({ errors }) => errors) : [];
  const places = shown.filter(({ textContent }) => messages.includes(textContent ?? '')).map(placeOf);

  useEffect(() => {
    const texts = shown.map(({ textContent }) => textContent);
    // antd shows errors a moment after it has found them.
    if (failures > handled.current && places.length && messages.every((message) => texts.includes(message))) {
      handled.current = failures;
      places[0].control?.focus({ preventScroll: true });
      places[0].block.scrollIntoView({ block: 'center' });
    }
  });

  return footer && places.length
    ? createPortal(
        <div role="alert" style={{ color: token.colorText, paddingTop: token.paddingXXS }}>
          {t('Not saved. Needs attention: {{fields}}', { fields: [...new Set(places.map(nameOf))].join(', ') })}
        </div>,
        footer,
      )
    : null;
}

/** Where an error is: the field or the list that it belongs to, and what the user has to operate there. */
interface Place {
  block: Element;
  control?: HTMLElement | null;
}

function placeOf(error: Element): Place {
  const block = error.closest('.ant-form-item, [data-list]') ?? error;
  const id = block.querySelector<HTMLLabelElement>('label[for]')?.htmlFor;
  const control =
    block.querySelector<HTMLElement>(':scope > [data-add]') ??
    (id ? document.getElementById(id) : null) ??
    block.querySelector<HTMLElement>('input, textarea, button');
  return { block, control };
}

function nameOf({ block, control }: Place): string {
  // The text of a label begins with an asterisk if the field is required; its title doesn't.
  const label = block.querySelector('.ant-form-item-label label')?.getAttribute('title');
  return block.getAttribute('aria-label') ?? (label || control?.getAttribute('aria-label') || '');
}

function footerOf(form: HTMLElement | null): Element | undefined {
  const panel = form?.closest('.ant-drawer-content, .ant-modal-content');
  return panel?.querySelector('.ant-drawer-footer, .ant-modal-footer') ?? undefined;
}
