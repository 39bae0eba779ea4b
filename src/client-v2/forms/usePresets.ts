import { useFlowEngine } from '@nocobase/flow-engine';
import { useEffect, useState } from 'react';
import { PRESETS_ACTION, RESOURCE } from '../../common/names';
import type { Presets } from '../model/authMethods';

/**
 * Returns the schemes of the presets. They are empty until the server has sent them, and stay empty if it doesn't.
 *
 * @param wanted whether to request them
 */
export function usePresets(wanted: boolean): Presets {
  const { api } = useFlowEngine().context;
  const [presets, setPresets] = useState<Presets>({});
  useEffect(() => {
    if (!wanted) {
      return;
    }
    let mounted = true;
    api.request({ url: `${RESOURCE}:${PRESETS_ACTION}`, method: 'get', skipNotify: true }).then(
      (response) => mounted && setPresets((response.data.data as { presets: Presets }).presets),
      // Presets work without their schemes; they just can't be customized.
      () => undefined,
    );
    return () => {
      mounted = false;
    };
  }, [api, wanted]);
  return presets;
}
