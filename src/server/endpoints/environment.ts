import { parse } from '@nocobase/utils';
import type { Application } from '@nocobase/server';
import type { ConfigIssue } from '../../../index';
import { fill, isEnv, strayIn, templatesIn, textOf } from './templates';

/** The values of the `{{$env.NAME}}` of a configuration, by template. */
export type EnvironmentValues = Map<string, unknown>;

/** A configuration with its `{{$env.NAME}}` filled, and the places whose variable has no value or that nothing fills. */
export interface FilledConfig {
  filled: object;
  /** What was filled in: each text, followed by its template. */
  texts: string[];
  missing: ConfigIssue[];
}

/** Returns a function that looks up the `{{$env.NAME}}` of a configuration in NocoBase's variables and secrets, as NocoBase does. */
export function environmentOf(app: Application, config: object): () => EnvironmentValues {
  const templates = templatesIn(config).filter(isEnv);
  const values = parse(templates) as (scope: object) => unknown[];
  return () => {
    const found = templates.length ? values({ $env: ownOnly(app.environment.getVariables()) }) : [];
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
  const texts = [...values].flatMap(([template, value]) => [textOf(value), template]);
  return { filled, texts, missing: [...missing, ...strayTemplates(config)] };
}

/**
 * The templates of a configuration that nothing fills, other than in its rows, where they may be names: such a text would be the
 * secret literally, and `{{$context.body.token}}` is easily guessed.
 */
export function strayTemplates(config: object): ConfigIssue[] {
  const rest = { ...config, request: undefined, response: undefined };
  const message = 'expected no template but {{$env.NAME}}, but found another one';
  return strayIn(rest).map((path) => ({ path, code: 'VARIABLE', message }));
}

// What every object has, such as `constructor`, isn't a variable.
function ownOnly(variables: object): object {
  return Object.assign(Object.create(null) as object, variables);
}
