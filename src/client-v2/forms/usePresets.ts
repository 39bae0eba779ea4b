import { useFlowEngine } from '@nocobase/flow-engine';
import { useEffect, useState } from 'react';
import { PRESETS_ACTION, RESOURCE } from '../../common/names';
import type { Presets } from '../model/proofs';

/**
 * The schemes of the presets, once the server has said them; none before, and none where it doesn't.
 *
 * @param wanted whether any is needed
 */
export function usePresets(wanted: boolean): Presets {
  const { api } = useFlowEngine().context;
  const [presets, setPresets] = useState<Presets>({});
  useEffect(() => {
    if (!wanted) {
      return;
    }
    let here = true;
    api.request({ url: `${RESOURCE}:${PRESETS_ACTION}`, method: 'get', skipNotify: true }).then(
      (response) => here && setPresets((response.data.data as { presets: Presets }).presets),
      // Presets can be used without their schemes; only looking into them can't be done.
      () => undefined,
    );
    return () => {
      here = false;
    };
  }, [api, wanted]);
  return presets;
}
