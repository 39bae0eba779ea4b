/** `{ username, password }`, or `false` for a webhook without Basic authentication. Both may be `{{$env.NAME}}`. */
export type BasicAuthentication = false | { username?: string; password?: string };

/**
 * A proof that callers have to bring, by the name of a preset or by a scheme of one's own (`Scheme` of `index.d.ts`).
 * Any of the 1 to 4 secrets is enough; they may be `{{$env.NAME}}`.
 */
export interface ProofConfig {
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
  /** What the editor calls the variable. */
  alias?: string;
  /** The variable's name; without it the variable is named by its path. */
  _var?: string;
}

/** What is taken from a request. */
export interface RequestConfig {
  /** Of `METHODS`; `POST` where there is none. */
  methods?: string[];
  /** The path's segments behind the key, which become `$context.params.<_var or key>`. */
  params?: PathItem[];
  /** Bytes; NocoBase's own limit where that is lower. */
  bodyLimit?: number;
  /** `json`, `form`, `xml`, `ndjson` or `text`; by the content type where there is none. */
  readAs?: string;
  /** Whether the body's text is `$context.rawBody`. */
  rawBody?: boolean;
  /** Whether the files of a multipart body are kept in NocoBase's file manager, and in which of its storages. */
  files?: false | { storage?: string };
  headers?: HeaderItem[];
  query?: PathItem[];
  body?: PathItem[];
}

/** What a sender asks before it sends events; the other fields are those of its kind. */
export interface HandshakeConfig {
  kind: string;
}

/** Where calls may come from. */
export interface AddressesConfig {
  /** Addresses and CIDR ranges. */
  allow?: string[];
  /** How many trusted proxies are in between, or their addresses and ranges. */
  proxies?: number | string[];
}

/** How many calls are let in, in so many seconds; of `RATE_LIMIT_RANGE`. */
export interface RateLimitConfig {
  requests?: number;
  seconds?: number;
}

/** Where the sender says which event it is. */
export interface IdempotencyConfig {
  source?: 'header' | 'body';
  /** The name of the header, or the path into the body. */
  key?: string;
}

/** A header of the answer; `value` may hold templates. */
export interface ResponseHeader {
  name?: string;
  value?: string;
}

/** An answer, as the trigger of an asynchronous workflow and the Response node configure it. */
export interface ResponseConfig {
  /** Integer, 200 to 599. */
  statusCode?: number;
  headers?: ResponseHeader[];
  /** JSON; strings in it may hold templates. A string is sent as text. */
  body?: unknown;
}

/** `workflow.config` of a webhook. */
export interface TriggerConfig {
  basicAuthentication?: BasicAuthentication;
  /** Each of them has to hold. */
  authentication?: ProofConfig[];
  handshake?: HandshakeConfig;
  addresses?: AddressesConfig;
  rateLimit?: false | RateLimitConfig;
  idempotency?: false | IdempotencyConfig;
  request?: RequestConfig;
  response?: ResponseConfig;
}

/** The least and the greatest status code an answer may have. */
export const STATUS_CODE_RANGE = { min: 200, max: 599 } as const;

/** The methods that a webhook may take; the first is the default. */
export const METHODS = ['POST', 'GET', 'PUT', 'PATCH', 'DELETE', 'HEAD'] as const;

/** What a body may be read as, whatever its content type. */
export const READ_AS = ['json', 'form', 'xml', 'ndjson', 'text'] as const;

/** The most calls and the most seconds of a rate limit. */
export const RATE_LIMIT_RANGE = { requests: 1_000_000, seconds: 86_400 } as const;

/** How many proofs a webhook may ask for besides Basic authentication. */
export const MAX_PROOFS = 4;

/** How many secrets a proof may know at once. */
export const MAX_SECRETS = 4;
