/** A server started for tests. */
export interface Service {
  readonly port: number;
  /** Stops it and removes its data. */
  stop(): Promise<void>;
  /** Stops it and keeps its data. */
  halt(): Promise<void>;
  /** Starts it again after `halt`, on the same port. */
  start(): Promise<void>;
}

/** Starts a separate PostgreSQL with an empty data folder; user and password are `postgres`. */
export function startPostgres(): Promise<Service>;

/** Returns the port of a service. */
export function servicePort(name: 'postgres' | 'mariadb' | 'redis'): number;
