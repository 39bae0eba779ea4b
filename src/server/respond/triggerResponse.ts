import { parse } from '@nocobase/utils';
import type { Application } from '@nocobase/server';
import type PluginWorkflowServer from '@nocobase/plugin-workflow';
import set from 'lodash/set';
import type { ResponseConfig } from '../../common/config';
import { native, type Reply } from '../native';
import { fillFrom, templatesIn } from '../endpoints/templates';

/** Returns a response whose templates are filled, ready to send. Throws what is wrong with it, which is the workflow's error. */
export function buildReply({ statusCode, headers, body }: ResponseConfig): Reply {
  return native().buildReply(JSON.stringify({ statusCode, headers, body }));
}

/**
 * Prepares the response of an asynchronous workflow: one reply for all requests, or one that is filled per request if it contains
 * templates, which see `$context`, `$env` and `$system` with NocoBase's own meaning. Nothing in a request can make filling it
 * fail: a header whose value can't be sent is left out, and the reply's `reason` says so.
 *
 * @returns a function that returns the reply to an event, from its context as JSON text
 */
export function prepareResponse(
  app: Application,
  workflow: PluginWorkflowServer,
  response: ResponseConfig | null | undefined,
): (context: string) => Reply {
  // The status can't be a template; everything else may contain them.
  const { statusCode, headers, body } = response ?? {};
  const templates = templatesIn({ headers, body });
  if (!templates.length) {
    const reply = buildReply({ statusCode, headers, body });
    return () => reply;
  }
  const values = parse(templates) as (scope: object) => unknown[];
  return (context) => {
    const $system = {};
    for (const [name, run] of workflow.functions.getEntities()) {
      // No execution exists yet, and NocoBase's own functions don't use it.
      set($system, name, run.bind({} as ThisParameterType<typeof run>));
    }
    const scope = { $context: JSON.parse(context) as unknown, $system, $env: app.environment.getVariables() };
    const filled = fillFrom({ headers, body }, () => values({ ...scope, ctx: scope })) as ResponseConfig;
    return native().buildEventReply(JSON.stringify({ statusCode, ...filled }));
  };
}
