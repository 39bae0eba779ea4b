/** A server that was started for tests. */
export interface Service {
  readonly port: number;
  /** Ends it and removes what it stored. */
  stop(): Promise<void>;
  /** Ends it, keeping what it stored. */
  halt(): Promise<void>;
  /** Starts it again after `halt`, on the same port. */
  start(): Promise<void>;
}

/** A PostgreSQL of one's own with an empty database folder; user and password are `postgres`. */
export function startPostgres(): Promise<Service>;

/** The port on which a service answers. */
export function servicePort(name: 'postgres' | 'mariadb' | 'redis'): number;
