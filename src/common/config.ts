/** HTTP Basic authentication; `false` means none. User name and password may be `{{$env.NAME}}`. */
export type BasicAuthentication = false | { username?: string; password?: string };

/**
 * An authentication method: the name of a preset or a custom scheme (`Scheme` of `index.d.ts`), with 1 to 4 secrets of which
 * any one is enough. Secrets may be `{{$env.NAME}}`.
 */
export interface AuthMethodConfig {
  preset?: string;
  scheme?: object;
  secrets?: string[];
}

/** A request header that becomes `$context.headers.<key>`. */
export interface HeaderItem {
  key?: string;
}

/** A value of the query or the body that becomes `$context.<query or body>.<_var or key>`. */
export interface PathItem {
  /** The path, e.g. `order.id` or `query[0].a`. */
  key?: string;
  /** The label of the variable in the editor. */
  alias?: string;
  /** The variable's name. Default: the path. */
  _var?: string;
}

/** Which requests are accepted, and what is taken from them. */
export interface RequestConfig {
  /** Of `METHODS`. Default: `POST`. */
  methods?: string[];
  /** The path segments after the key, which become `$context.params.<_var or key>`. */
  params?: PathItem[];
  /** In bytes. NocoBase's own limit applies too. */
  bodyLimit?: number;
  /** `json`, `form`, `xml`, `ndjson` or `text`. Default: according to the content type. */
  readAs?: string;
  /** The charset of bodies that don't name theirs, such as `windows-1252`. Default: UTF-8. */
  charset?: string;
  /** Texts of the body that are replaced by the value in them. Default: the field `payload` of a form, with some presets. */
  decode?: { path: string; as: 'json' | 'base64' | 'base64json' }[];
  /** What becomes of numbers that JavaScript would round. Default: `rounded`. */
  bigNumbers?: 'text' | 'rounded';
  /** Whether a HEAD request is answered without an event. */
  answerHead?: boolean;
  /** Whether `$context.rawBody` is the text of the body. */
  rawBody?: boolean;
  /** Whether the files of a multipart body are saved in NocoBase's file manager, and in which of its storages. */
  files?: false | { storage?: string };
  /**
   * What a workflow gets: all of a request with the rows laid over it, or the rows alone. Default: `all`. With `all` written here, headers
   * that have names like those of credentials (`x-api-key`) are left out too unless they are listed.
   */
  keep?: 'all' | 'listed';
  headers?: HeaderItem[];
  query?: PathItem[];
  body?: PathItem[];
}

/** How a sender verifies the URL before it sends events. The other fields depend on `kind`. */
export interface UrlVerificationConfig {
  kind: string;
  verifyTokens?: string[];
  verificationTokens?: string[];
  encryptKey?: string;
  encodingAesKey?: string;
  receiveId?: string;
}

/** In which order asynchronous events are executed. */
export interface ExecutionConfig {
  /** One after another, side by side, or one after another where the value at a path of the body is the same. */
  order?: 'sequence' | 'parallel' | { by: string };
  /** How many run side by side, 1 to 50. Default: 4. */
  parallel?: number;
}

/** The IP allowlist. */
export interface AddressesConfig {
  /** Addresses and CIDR ranges. */
  allow?: string[];
  /** The trusted proxies: their number, or their addresses and ranges. */
  proxies?: number | string[];
}

/** The number of requests accepted per period; both within `RATE_LIMIT_RANGE`. */
export interface RateLimitConfig {
  requests?: number;
  seconds?: number;
}

/** Where a request has its idempotency key. */
export interface IdempotencyConfig {
  source?: 'header' | 'body';
  /** The name of the header, or the path into the body. */
  key?: string;
}

/** A header of the response; `value` may contain templates. */
export interface ResponseHeader {
  name?: string;
  value?: string;
}

/** A response, as configured in the trigger of an asynchronous workflow and in the Response node. */
export interface ResponseConfig {
  /** Integer, 200 to 599. */
  statusCode?: number;
  headers?: ResponseHeader[];
  /** JSON whose strings may contain templates. A string is sent as text. */
  body?: unknown;
}

/** `workflow.config` of a webhook. */
export interface TriggerConfig {
  /** The owner's confirmation that anyone with the URL may send requests. */
  public?: boolean;
  basicAuthentication?: BasicAuthentication;
  /** A request has to pass every method. */
  authentication?: AuthMethodConfig[];
  handshake?: UrlVerificationConfig;
  addresses?: AddressesConfig;
  rateLimit?: false | RateLimitConfig;
  /** In which order asynchronous events are executed. Default: in sequence. */
  execution?: ExecutionConfig;
  idempotency?: false | IdempotencyConfig;
  request?: RequestConfig;
  response?: ResponseConfig;
}

/** The lowest and the highest status code of a response. */
export const STATUS_CODE_RANGE = { min: 200, max: 599 } as const;

/** The HTTP methods that a webhook may accept; the first is the default. */
/** How many executions of a webhook run side by side. */
export const PARALLEL = { default: 4, most: 50 } as const;

export const METHODS = ['POST', 'GET', 'PUT', 'PATCH', 'DELETE', 'HEAD'] as const;

/** The formats that a body may be parsed as, whatever its content type. */
export const READ_AS = ['json', 'form', 'xml', 'ndjson', 'text'] as const;

/** The maximum number of requests and seconds of a rate limit. */
export const RATE_LIMIT_RANGE = { requests: 1_000_000, seconds: 86_400 } as const;

/** The maximum number of authentication methods besides Basic authentication. */
export const MAX_AUTH_METHODS = 4;

/** The maximum number of secrets of an authentication method. */
export const MAX_SECRETS = 4;
