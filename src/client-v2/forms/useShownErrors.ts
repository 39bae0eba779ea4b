import { type RefObject, useEffect, useState } from 'react';

/** The class of the elements in which antd shows errors. */
export const ERROR_CLASS = 'ant-form-item-explain-error';

/** Returns the elements of a form that show errors, in the order of the page. */
export function useShownErrors(root: RefObject<HTMLElement>): Element[] {
  const [shown, setShown] = useState<Element[]>([]);
  useEffect(() => {
    const element = root.current;
    if (!element) {
      return;
    }
    const observer = new MutationObserver(() => {
      const found = [...element.getElementsByClassName(ERROR_CLASS)];
      // A new list even if the elements are the same: their texts may have changed.
      setShown((before) => (found.length || before.length ? found : before));
    });
    observer.observe(element, { childList: true, characterData: true, subtree: true });
    return () => observer.disconnect();
  }, [root]);
  return shown;
}
