import copy from 'copy-to-clipboard';
import { useEffect, useState } from 'react';

/**
 * Copies a text, and says what came of it until the text changes. It works without a secure context too, where browsers
 * have no `navigator.clipboard`.
 */
export function useCopy(text: string): [outcome: 'copied' | 'refused' | undefined, copyText: () => Promise<void>] {
  const [outcome, setOutcome] = useState<'copied' | 'refused'>();
  // eslint-disable-next-line react-hooks/set-state-in-effect -- the outcome is that of the former text
  useEffect(() => setOutcome(undefined), [text]);
  return [outcome, async () => setOutcome((await copy(text)) ? 'copied' : 'refused')];
}
