import { parse } from '@nocobase/utils';
import type { Application } from '@nocobase/server';
import type PluginWorkflowServer from '@nocobase/plugin-workflow';
import set from 'lodash/set';
import { native, type Reply } from './native';

/** The `response` of a trigger's configuration. */
export type Answer = { statusCode?: number; headers?: { name: string; value?: string }[]; body?: unknown };

/** Whether a configuration holds a template. */
function hasTemplate(value: unknown): boolean {
  return JSON.stringify(value)?.includes('{{') ?? false;
}

/** Checks a filled answer and makes it ready to send. Throws what is wrong with it, which is the workflow's error. */
export function buildReply({ statusCode, headers, body }: Answer): Reply {
  return native().buildReply(JSON.stringify({ statusCode, headers, body }));
}

/**
 * Prepares the answer of an asynchronous workflow: one reply for all requests, or one to fill per request where it holds
 * templates, which see `$context`, `$env` and `$system` with NocoBase's own meaning.
 *
 * @returns what gives the reply to an event, its context being JSON text
 */
export function prepareAnswer(
  app: Application,
  workflow: PluginWorkflowServer,
  answer: Answer | null | undefined,
): (context: string) => Reply {
  if (!hasTemplate(answer)) {
    const reply = buildReply(answer ?? {});
    return () => reply;
  }
  const template = parse(answer);
  return (context) => {
    const $system = {};
    for (const [name, run] of workflow.functions.getEntities()) {
      // There is no execution yet, and NocoBase's own functions don't look at it.
      set($system, name, run.bind({} as ThisParameterType<typeof run>));
    }
    const scope = { $context: JSON.parse(context) as unknown, $system, $env: app.environment.getVariables() };
    return buildReply(template({ ...scope, ctx: scope }) as Answer);
  };
}
