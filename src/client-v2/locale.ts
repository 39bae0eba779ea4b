import { tExpr as expression, useFlowEngine } from '@nocobase/flow-engine';
import { useCallback } from 'react';
import { PACKAGE_NAME } from '../common/names';

/** Translates one of the keys of `src/locale`; `{{name}}` in the text takes `values.name`. */
export type Translate = (key: string, values?: Record<string, string | number>) => string;

export function useT(): Translate {
  const engine = useFlowEngine();
  return useCallback<Translate>(
    (key, values) =>
      // React escapes what it renders; without this a path with a `<` in it would be escaped twice.
      engine.context.t(key, { ns: PACKAGE_NAME, interpolation: { escapeValue: false }, ...values }),
    [engine],
  );
}

/** A template that NocoBase translates wherever it shows the title or the description of a trigger or node. */
export function tExpr(key: string): string {
  return expression(key, { ns: PACKAGE_NAME });
}
