import { useCurrentWorkflowContext } from '@nocobase/plugin-workflow/client-v2';
import { useEffect, useRef } from 'react';
import { useT } from '../locale';
import { isInUse } from '../model/workflow';
import { useChoice } from './useChoice';

/**
 * Returns a function to call when the user has finished changing a secret. If the previous one is in use, it asks whether to keep that
 * beside the new one, so that the sender can be changed without rejected requests.
 *
 * @param onKeep adds the previous secret again
 */
export function useReplacement(
  current: string,
  onChange: ((secret: string) => void) | undefined,
  onKeep: (secret: string) => void,
): (next: string) => Promise<void> {
  const t = useT();
  const choose = useChoice();
  const workflow = useCurrentWorkflowContext();
  const saved = useRef(current);
  const asking = useRef(false);
  // antd's function ignores the value that the field had when it was rendered, and the answer comes later.
  const change = useRef(onChange);
  useEffect(() => {
    change.current = onChange;
  }, [onChange]);
  return async (next) => {
    const before = saved.current;
    if (asking.current || !before || next === before || !isInUse(workflow)) {
      return;
    }
    asking.current = true;
    const answer = await choose({
      title: t('This secret may be in use'),
      content: t('Requests with the old secret get 401 once it is gone. Keep both until the sender uses the new one.'),
      answers: [
        { value: 'undo', label: t('Undo') },
        { value: 'replace', label: t('Replace') },
        { value: 'keep', label: t('Keep both') },
      ],
    });
    asking.current = false;
    if (answer === 'replace' || answer === 'keep') {
      saved.current = next;
      if (answer === 'keep') {
        onKeep(before);
      }
    } else {
      change.current?.(before);
    }
  };
}
