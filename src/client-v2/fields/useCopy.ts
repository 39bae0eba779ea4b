import copy from 'copy-to-clipboard';
import { useEffect, useState } from 'react';

/**
 * Returns a function that copies a text, and the outcome until the text changes. Works without a secure context too, where
 * browsers have no `navigator.clipboard`.
 */
export function useCopy(text: string): [outcome: 'copied' | 'failed' | undefined, copyText: () => Promise<void>] {
  const [outcome, setOutcome] = useState<'copied' | 'failed'>();
  // eslint-disable-next-line react-hooks/set-state-in-effect -- the outcome belongs to the previous text
  useEffect(() => setOutcome(undefined), [text]);
  return [outcome, async () => setOutcome((await copy(text)) ? 'copied' : 'failed')];
}
