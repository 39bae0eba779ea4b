import type { Context, Next } from '@nocobase/actions';
import type { Application } from '@nocobase/server';
import { DIAGNOSE_ACTION, INFER_ACTION, PRESETS_ACTION, REJECTIONS_ACTION } from '../../common/names';
import type { Rejection } from '../../common/rejection';
import { keyOf } from '../endpoints/keyOf';
import type { Endpoints } from '../endpoints/Endpoints';
import { addressInUrl } from '../http/address';
import { send } from '../http/send';
import { urlHere } from '../http/url';
import type { JudgingQueue } from '../receive/JudgingQueue';
import { type Native, native, rejection } from '../native';
import { type Fields, id, object, oneOf, optional, text, time, valuesOf } from './fields';

type Action = (ctx: Context, next: Next) => Promise<void>;

const KIB = 1024;

/** The most characters of a sample: the paths of a larger one are too many for the form. */
const SAMPLE = 1024 * KIB;

/** The most characters of a configuration's JSON text: about two thousand rows. */
const CONFIG = 256 * KIB;

/** The most characters of a URL and of all headers: Node itself accepts 16 KiB of both together. */
const URL = 16 * KIB;
const HEADERS = 32 * KIB;

/** The most characters of a body, as text or as Base64. */
const BODY = 1024 * KIB;

const INFER: Fields<{ sample: string; kind: 'json' | 'query' }> = {
  sample: text(SAMPLE),
  kind: oneOf('json', 'query'),
};

interface Pasted {
  config: object;
  method?: string;
  url?: string;
  headers: string;
  body: string;
  bodyEncoding?: 'text' | 'base64';
  at?: number;
}

const DIAGNOSE: Fields<Pasted> = {
  config: object(CONFIG),
  method: optional(text(32)),
  url: optional(text(URL)),
  headers: text(HEADERS),
  body: text(BODY),
  bodyEncoding: optional(oneOf('text', 'base64')),
  at: optional(time()),
};

/**
 * Returns the actions that the editor's forms call. Each is part of the permission to edit workflows.
 *
 * @param rejectionsOf returns the last rejections of a webhook, newest first
 */
export function editorActions(
  app: Application,
  endpoints: Endpoints,
  rejectionsOf: (workflowKey: string) => Promise<Rejection[]>,
  judging: JudgingQueue,
): Record<string, Action> {
  // All editors take turns with the webhooks as one of them.
  const editor = {};
  const sendOffThread = async (ctx: Context, bytes: number, work: () => Promise<string>) => {
    const json = await judging.run<string>(editor, bytes, (done) => {
      work().then(
        (json) => done(null, json),
        (error: Error) => done(error, ''),
      );
    });
    if (json === 'busy' || json === 'stopping') {
      send(ctx, rejection(json));
    } else {
      sendJson(ctx, json);
    }
  };
  return {
    [INFER_ACTION]: async (ctx, next) => {
      const { sample, kind } = valuesOf(ctx, INFER);
      await sendOffThread(ctx, sample.length, () => native().inferPathsOffThread(sample, kind));
      await next();
    },

    [DIAGNOSE_ACTION]: async (ctx, next) => {
      const pasted = valuesOf(ctx, DIAGNOSE);
      const request = requestOf(ctx, pasted);
      await sendOffThread(ctx, pasted.body.length, () => endpoints.diagnose(pasted.config, request));
      await next();
    },

    [REJECTIONS_ACTION]: async (ctx, next) => {
      const { workflowId } = valuesOf(ctx, { workflowId: id() });
      const key = await keyOf(ctx, app, workflowId);
      ctx.body = { rejections: await rejectionsOf(key) };
      await next();
    },

    [PRESETS_ACTION]: async (ctx, next) => {
      presets ??= native().signaturePresets();
      ctx.body = { presets };
      await next();
    },
  };
}

let presets: ReturnType<Native['signaturePresets']> | undefined;

/** Responds with JSON text, wrapped as NocoBase does it, without parsing it first. */
function sendJson(ctx: Context, json: string): void {
  ctx.withoutDataWrapping = true;
  ctx.type = 'json';
  ctx.body = `{"data":${json}}`;
}

/** Returns the request that was pasted. Responds with 400 to a head that can't be parsed. */
function requestOf(ctx: Context, { method, url, headers, body, bodyEncoding, at }: Pasted) {
  if (bodyEncoding === 'base64' && !isBase64(body)) {
    return ctx.throw(400, 'expected body to be Base64, but found other characters') as never;
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
    method: (method || head.method || undefined)?.toUpperCase(),
    path: target === undefined ? undefined : addressInUrl(target)?.path,
    url: target === undefined || target.includes('://') ? (target ?? '') : urlHere(false, header('host'), target),
    headers: head.headers,
    body: Buffer.from(body, bodyEncoding === 'base64' ? 'base64' : 'utf8'),
    receivedAtMs: at,
  };
}

// One character each, so that no character is ever looked at twice.
const NOT_BASE64 = /[^A-Za-z0-9+/\s]/;
const NOT_PADDING = /[^=\s]/;

function isBase64(body: string): boolean {
  const padding = body.indexOf('=');
  return padding < 0
    ? !NOT_BASE64.test(body)
    : !NOT_BASE64.test(body.slice(0, padding)) && !NOT_PADDING.test(body.slice(padding));
}
