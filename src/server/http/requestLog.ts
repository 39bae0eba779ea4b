import type { Context, Next } from '@nocobase/actions';
import type { Application } from '@nocobase/server';
import { RESOURCE, TRIGGER_TYPE } from '../../common/names';
import { addressIn, prefixOf } from './address';

const MASK = '••••';

/** The resource of workflows, by itself or as an association of another one. */
const WORKFLOWS = /(^|\.)workflows$/;

/** The keys of a trigger's configuration that may hold secrets. */
const SECRET_KEYS = ['authentication', 'basicAuthentication', 'handshake'];

const FULL_URL = Symbol('URL of a webhook request');
type Masked = { [FULL_URL]?: string };

/**
 * Keeps secrets out of NocoBase's request log, which has a request's URL, before and after it was handled, and after it the values
 * of its action, even if that was denied.
 */
export function keepSecretsOutOfRequestLog(app: Application): void {
  const prefix = prefixOf(app);
  app.use(
    async function maskWebhookQuery(ctx: Context, next: Next) {
      // A sender may pass its token in the query, to a disabled webhook too, of which nothing more is known here.
      if (ctx.url.includes('?') && addressIn(ctx.path, prefix)) {
        (ctx.state as Masked)[FULL_URL] = ctx.url;
        ctx.url = maskQuery(ctx.url);
      }
      await next();
    },
    { tag: 'webhookMaskQuery', before: 'logger' },
  );
  app.use(
    async function unmaskWebhookQuery(ctx: Context, next: Next) {
      const full = (ctx.state as Masked)[FULL_URL];
      if (full === undefined) {
        return next();
      }
      const masked = ctx.url;
      ctx.url = full;
      try {
        await next();
      } finally {
        ctx.url = masked;
      }
    },
    { tag: 'webhookUnmaskQuery', after: 'logger', before: 'bodyParser' },
  );
  app.use(
    async function maskWebhookValues(ctx: Context, next: Next) {
      try {
        await next();
      } finally {
        const { resourceName, params } = ctx.action ?? {};
        if (resourceName === RESOURCE) {
          delete params.values;
        } else if (WORKFLOWS.test(resourceName ?? '') && mayHoldSecrets(params.values)) {
          params.values = { ...params.values, config: MASK };
        }
      }
    },
    { tag: 'webhookMaskValues', after: 'logger', before: 'bodyParser' },
  );
}

/** Returns a URL with the names of its query's parameters, without their values. */
function maskQuery(url: string): string {
  const query = url.indexOf('?') + 1;
  const parameters = url.slice(query).split('&');
  // What has no name may be a token as well.
  const masked = parameters.map((parameter) => parameter.slice(0, parameter.indexOf('=') + 1) + MASK);
  return url.slice(0, query) + masked.join('&');
}

// A configuration may also be JSON text.
function mayHoldSecrets(values: unknown): values is object {
  const { type, config } = (values ?? {}) as { type?: unknown; config?: unknown };
  if (typeof config !== 'object' || config === null) {
    return typeof config === 'string';
  }
  return type === TRIGGER_TYPE || SECRET_KEYS.some((key) => key in config);
}
