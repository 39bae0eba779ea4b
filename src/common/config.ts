/** `{ username, password }`, or `false` for a webhook without Basic authentication. Both may be `{{$env.NAME}}`. */
export type BasicAuthentication = false | { username?: string; password?: string };

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
  headers?: HeaderItem[];
  query?: PathItem[];
  body?: PathItem[];
  /** Whether the files of a multipart body are kept in NocoBase's file manager, and in which of its storages. */
  files?: false | { storage?: string };
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
  request?: RequestConfig;
  response?: ResponseConfig;
}

/** The least and the greatest status code an answer may have. */
export const STATUS_CODE_RANGE = { min: 200, max: 599 } as const;
