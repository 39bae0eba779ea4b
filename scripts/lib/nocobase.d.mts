export interface BootOptions {
  /** Folder below `.nocobase/apps` and name of the database; default: a random one. */
  name?: string;
  /** Default: a free one. */
  port?: number;
  /** NocoBase's own variables, e.g. `{ APP_PUBLIC_PATH: '/nb/' }`; they win over the defaults. */
  env?: Record<string, string>;
  /** Default: `sqlite`. PostgreSQL and MariaDB run on this machine; every app gets a database of its own there. */
  dialect?: 'sqlite' | 'postgres' | 'mariadb';
  /** `false`: go on with the app of this name, if there is one, instead of replacing it. Default: `true`. */
  fresh?: boolean;
  /** `false`: a NocoBase that has never seen the plugin, with a `node_modules` of its own. Default: `true`. */
  withPlugin?: boolean;
  /** Sees every line the app prints. */
  onLine?: (line: string) => void;
}

/** A NocoBase in a child process. */
export interface App {
  readonly name: string;
  readonly port: number;
  /** Process id while it runs. */
  readonly pid: number | undefined;
  /** Its folder, with `storage` in it. */
  readonly dir: string;
  /** A file with everything it printed; kept when the app is removed. */
  readonly logFile: string;
  /** Resolves when the process has ended, whatever the reason. */
  readonly exited: Promise<void>;
  /** The folder its plugins are unpacked in; shared with other apps unless booted with `withPlugin: false`. */
  readonly plugins: string;
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** The API's base with a slash at the end, e.g. `http://127.0.0.1:13000/api/`. */
  readonly apiUrl: string;
  /** The root user's, as it was installed. */
  readonly account: { readonly account: string; readonly password: string };
  /** Signs in as the root user, anew; returns the token. */
  login(): Promise<string>;
  /**
   * Calls NocoBase's API as the root user.
   *
   * @param path e.g. `workflows:list?pageSize=5`
   * @param body sent as JSON; a `FormData` as multipart
   * @param options `app`: the sub-app to call
   * @returns the answer's `data`
   * @throws an Error with status and body for an answer that is not 2xx
   */
  api<T = unknown>(method: string, path: string, body?: unknown, options?: { app?: string }): Promise<T>;
  /** `fetch` of a path below the API's base, without credentials; any answer is returned as it is. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Everything printed since the app was booted. */
  logs(): string;
  /** Starts it again after `stop` or `kill9`, on the same port and database; resolves when it answers. */
  start(): Promise<void>;
  /** SIGTERM, and waits for the end; throws if that takes longer than `timeout` ms (30,000 by default). */
  stop(options?: { timeout?: number }): Promise<void>;
  /** SIGKILL, and waits for the end. */
  kill9(): Promise<void>;
  /** Stops and starts. */
  restart(): Promise<void>;
  /** Stops it and removes its folder and database. */
  remove(): Promise<void>;
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number>;

/** Boots a NocoBase app with this plugin enabled; resolves when it answers, after a few seconds. */
export function bootApp(options?: BootOptions): Promise<App>;

/** Prepares what booted apps are copied from. Needs the plugin built. */
export function installedTemplate(dialect?: BootOptions['dialect']): Promise<unknown>;
