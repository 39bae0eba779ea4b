import { parse } from '@nocobase/utils';
import type { Application } from '@nocobase/server';
import type PluginWorkflowServer from '@nocobase/plugin-workflow';
import set from 'lodash/set';
import { native, type Reply } from '../native';
import { fillFrom, templatesIn } from '../endpoints/templates';

/** The `response` of a trigger's configuration. */
export type Answer = { statusCode?: number; headers?: { name: string; value?: string }[]; body?: unknown };

/** Checks a filled answer and makes it ready to send. Throws what is wrong with it, which is the workflow's error. */
export function buildReply({ statusCode, headers, body }: Answer): Reply {
  return native().buildReply(JSON.stringify({ statusCode, headers, body }));
}

/**
 * Prepares the answer of an asynchronous workflow: one reply for all requests, or one to fill per request where it holds
 * templates, which see `$context`, `$env` and `$system` with NocoBase's own meaning. Nothing in a request can make filling it
 * fail: a header whose value can't be sent is left out, and the reply's `reason` says so.
 *
 * @returns what gives the reply to an event, its context being JSON text
 */
export function prepareAnswer(
  app: Application,
  workflow: PluginWorkflowServer,
  answer: Answer | null | undefined,
): (context: string) => Reply {
  // The status is no place for templates; everything else may hold them.
  const { statusCode, headers, body } = answer ?? {};
  const templates = templatesIn({ headers, body });
  if (!templates.length) {
    const reply = buildReply({ statusCode, headers, body });
    return () => reply;
  }
  const values = parse(templates) as (scope: object) => unknown[];
  return (context) => {
    const $system = {};
    for (const [name, run] of workflow.functions.getEntities()) {
      // There is no execution yet, and NocoBase's own functions don't look at it.
      set($system, name, run.bind({} as ThisParameterType<typeof run>));
    }
    const scope = { $context: JSON.parse(context) as unknown, $system, $env: app.environment.getVariables() };
    const filled = fillFrom({ headers, body }, () => values({ ...scope, ctx: scope })) as Answer;
    return native().buildEventReply(JSON.stringify({ statusCode, ...filled }));
  };
}
