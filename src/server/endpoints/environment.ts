import { parse } from '@nocobase/utils';
import type { Application } from '@nocobase/server';
import type { ConfigIssue } from '../../../index';
import { fill, isEnv, templatesIn, textOf } from './templates';

/** The values of the `{{$env.NAME}}` of a configuration, by template. */
export type EnvironmentValues = Map<string, unknown>;

/** A configuration with its `{{$env.NAME}}` filled, and the places whose variable has no value. */
export interface FilledConfig {
  filled: object;
  missing: ConfigIssue[];
}

/** Returns a function that looks up the `{{$env.NAME}}` of a configuration in NocoBase's variables and secrets, as NocoBase does. */
export function environmentOf(app: Application, config: object): () => EnvironmentValues {
  const templates = templatesIn(config).filter(isEnv);
  const values = parse(templates) as (scope: object) => unknown[];
  return () => {
    const found = templates.length ? values({ $env: app.environment.getVariables() }) : [];
    return new Map(templates.map((template, index) => [template, found[index]]));
  };
}

/**
 * Fills the `{{$env.NAME}}` of a configuration. One without a value is an issue: the rest of the text must never be taken for the
 * secret.
 */
export function fillEnvironment(config: object, values: EnvironmentValues): FilledConfig {
  const missing: ConfigIssue[] = [];
  const filled = fill(config, (template, path) => {
    if (!isEnv(template)) {
      return template;
    }
    const value = values.get(template);
    if (textOf(value).trim() !== '') {
      return value;
    }
    const message = `expected a value for ${template} in "Variables and secrets", but found none`;
    missing.push({ path, code: 'VARIABLE', message });
    return template;
  }) as object;
  return { filled, missing };
}
