import { tExpr as expression, useFlowEngine } from '@nocobase/flow-engine';
import { useCallback } from 'react';
import { PACKAGE_NAME } from '../common/names';

/** Translates a key of `src/locale`; `{{name}}` in the text is replaced by `values.name`. */
export type Translate = (key: string, values?: Record<string, string | number>) => string;

export function useT(): Translate {
  const engine = useFlowEngine();
  return useCallback<Translate>(
    (key, values) =>
      // React escapes what it renders; without this, a path containing `<` would be escaped twice.
      engine.context.t(key, { ns: PACKAGE_NAME, interpolation: { escapeValue: false }, ...values }),
    [engine],
  );
}

/** Returns a template that NocoBase translates when it shows the title or description of a trigger or node. */
export function tExpr(key: string): string {
  return expression(key, { ns: PACKAGE_NAME });
}
