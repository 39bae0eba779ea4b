import type { Context, Next } from '@nocobase/actions';
import type { Application } from '@nocobase/server';
import { DIAGNOSE_ACTION, INFER_ACTION, PRESETS_ACTION, REFUSALS_ACTION, TRIGGER_TYPE } from '../common/names';
import type { Endpoints } from './Endpoints';
import { addressInUrl } from './http/claim';
import { calledUrl } from './http/url';
import type { KeptRefusals } from './kept';
import { type Diagnosed, native } from './native';

type Action = (ctx: Context, next: Next) => Promise<void>;

const BASE64 = /^[A-Za-z0-9+/\s]*=*\s*$/;

/** What the editor's forms ask; each is part of the permission to edit workflows. */
export function editorActions(app: Application, endpoints: Endpoints, kept: KeptRefusals): Record<string, Action> {
  return {
    [INFER_ACTION]: async (ctx, next) => {
      const { sample, kind } = valuesOf(ctx);
      if (typeof sample !== 'string' || (kind !== 'json' && kind !== 'query')) {
        ctx.throw(400, 'expected { sample: string, kind: "json" | "query" }');
      }
      ctx.body = native().inferPaths(sample as string, kind as 'json' | 'query');
      await next();
    },

    [DIAGNOSE_ACTION]: async (ctx, next) => {
      const { config, request } = pasted(ctx);
      const { issues, judge } = endpoints.try(config);
      if (judge) {
        const { accepted, checks } = JSON.parse(await judge.endpoint.diagnose(request)) as Diagnosed;
        ctx.body = { accepted, checks, issues };
      } else {
        ctx.body = { accepted: false, checks: [], issues };
      }
      await next();
    },

    [REFUSALS_ACTION]: async (ctx, next) => {
      const { workflowId } = valuesOf(ctx);
      if (!/^\d{1,20}$/.test(String(workflowId))) {
        ctx.throw(400, 'expected { workflowId: number | string }, the id of a workflow');
      }
      const where = { id: String(workflowId), type: TRIGGER_TYPE };
      const workflow = await app.db.getModel('workflows').findOne({ attributes: ['key'], where });
      if (!workflow) {
        ctx.throw(404, 'expected the id of a webhook workflow');
      }
      ctx.body = { refusals: await kept.list(workflow?.get('key') as string) };
      await next();
    },

    [PRESETS_ACTION]: async (ctx, next) => {
      ctx.body = { presets: native().signaturePresets() };
      await next();
    },
  };
}

/** What an action was sent. */
function valuesOf(ctx: Context): Record<string, unknown> {
  return (ctx.action.params.values ?? {}) as Record<string, unknown>;
}

/** The configuration and the request out of what `diagnose` was sent; anything else is answered 400. */
function pasted(ctx: Context) {
  const { config, method, url, headers, body, bodyEncoding = 'text', at } = valuesOf(ctx);
  // NocoBase's request log would show secrets and credentials after the action.
  delete ctx.action.params.values;
  const isText = (value: unknown): value is string => typeof value === 'string';
  const isAbsent = (value: unknown): value is null | undefined => value == null;
  const fits =
    typeof config === 'object' &&
    config !== null &&
    !Array.isArray(config) &&
    (isAbsent(method) || isText(method)) &&
    (isAbsent(url) || isText(url)) &&
    isText(headers) &&
    isText(body) &&
    (bodyEncoding === 'text' || (bodyEncoding === 'base64' && BASE64.test(body))) &&
    (isAbsent(at) || (typeof at === 'number' && Number.isFinite(at)));
  if (!fits) {
    return ctx.throw(
      400,
      'expected { config: object, method?: string, url?: string, headers: string, body: string, ' +
        'bodyEncoding?: "text" | "base64", at?: number }',
    ) as never;
  }
  const head = native().readHead(headers);
  if (!head.ok) {
    const { message, line } = head.error;
    return ctx.throw(400, `headers: ${message} at line ${line}`) as never;
  }
  const target = url || head.target || undefined;
  const header = (wanted: string) => {
    const at = head.headers.findIndex((name, index) => index % 2 === 0 && name === wanted);
    return at < 0 ? '' : head.headers[at + 1];
  };
  return {
    config,
    request: {
      method: (method || head.method || undefined)?.toUpperCase(),
      path: target === undefined ? undefined : addressInUrl(target)?.path,
      url: target === undefined || target.includes('://') ? (target ?? '') : calledUrl(header, false, target),
      headers: head.headers,
      body: Buffer.from(body, bodyEncoding === 'base64' ? 'base64' : 'utf8'),
      at: isAbsent(at) ? undefined : (at as number),
    },
  };
}
