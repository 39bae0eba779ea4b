export interface BootOptions {
  /** The folder below `.nocobase/apps` and the name of the database. Default: a random name. */
  name?: string;
  /** Default: a free port. */
  port?: number;
  /** NocoBase's own variables, e.g. `{ APP_PUBLIC_PATH: '/nb/' }`; they override the defaults. */
  env?: Record<string, string>;
  /** Default: `sqlite`. PostgreSQL and MariaDB run on this machine; every app gets its own database. */
  dialect?: 'sqlite' | 'postgres' | 'mariadb';
  /** `false` continues with the app of this name, if it exists, instead of replacing it. Default: `true`. */
  fresh?: boolean;
  /** `false` boots a NocoBase without the plugin and with its own `node_modules`. Default: `true`. */
  withPlugin?: boolean;
  /** Unpacks the plugin beside NocoBase's packages before the installation, as a derived image does. Needs `withPlugin: false`. */
  inImage?: boolean;
  /** Called with every line that the app prints. */
  onLine?: (line: string) => void;
}

/** A NocoBase in a child process. */
export interface App {
  readonly name: string;
  readonly port: number;
  /** The process id while the app is running. */
  readonly pid: number | undefined;
  /** The app's folder, which contains `storage`. */
  readonly dir: string;
  /** The file with the app's output; kept when the app is removed. */
  readonly logFile: string;
  /** Resolves when the process has exited for whatever reason. */
  readonly exited: Promise<void>;
  /** The folder of unpacked plugins; shared with other apps unless booted with `withPlugin: false`. */
  readonly plugins: string;
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** The API's base URL with a trailing slash, e.g. `http://127.0.0.1:13000/api/`. */
  readonly apiUrl: string;
  /** The account of the root user, as installed. */
  readonly account: { readonly account: string; readonly password: string };
  /** Signs in as the root user again and returns the token. */
  login(): Promise<string>;
  /**
   * Sends a request to NocoBase's API as the root user.
   *
   * @param path e.g. `workflows:list?pageSize=5`
   * @param body sent as JSON; a `FormData` as multipart
   * @param options `app`: the name of a sub-app
   * @returns the `data` of the response
   * @throws an Error with status and body if the status isn't 2xx
   */
  api<T = unknown>(method: string, path: string, body?: unknown, options?: { app?: string }): Promise<T>;
  /** Fetches a path below the API's base URL without credentials, and returns the response, whatever its status. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Returns the app's output since it was booted. */
  logs(): string;
  /** Starts the app again after `stop` or `kill9`, on the same port and database. Resolves when it responds. */
  start(): Promise<void>;
  /** Sends SIGTERM and waits for the exit. Throws if that takes longer than `timeout` ms (default: 30,000). */
  stop(options?: { timeout?: number }): Promise<void>;
  /** Sends SIGKILL and waits for the exit. */
  kill9(): Promise<void>;
  /** Stops the app and starts it again. */
  restart(): Promise<void>;
  /** Stops the app and removes its folder and database. */
  remove(): Promise<void>;
}

/** Returns a free port. */
export function freePort(): Promise<number>;

/** Boots a NocoBase app with this plugin enabled. Resolves when it responds, after a few seconds. */
export function bootApp(options?: BootOptions): Promise<App>;

/** Unpacks the packed plugin into a folder of plugins or packages. Requires the built plugin. */
export function unpackPlugin(folder: string): Promise<void>;

/** Prepares the template that apps are copied from. Requires the built plugin. */
export function installedTemplate(dialect?: BootOptions['dialect']): Promise<unknown>;
