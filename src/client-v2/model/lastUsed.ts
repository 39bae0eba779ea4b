/** The values of manual runs that this browser remembers, one entry per workflow. */
export interface LastUsed<T> {
  read(): T | undefined;
  write(values: T): void;
  clear(): void;
}

/** `key` is the workflow's key, which its versions share. A browser without storage remembers nothing. */
export function lastUsed<T>(app: string, key: string): LastUsed<T> {
  const entry = `nocobase-plugin-workflow-webhook:manual:${app}:${key}`;
  const attempt = <R>(action: () => R): R | undefined => {
    try {
      return action();
    } catch {
      // Storage may be full, switched off, or hold what another version wrote.
      return undefined;
    }
  };
  return {
    read: () => attempt(() => JSON.parse(localStorage.getItem(entry) ?? 'null') as T) ?? undefined,
    write: (values) => void attempt(() => localStorage.setItem(entry, JSON.stringify(values))),
    clear: () => void attempt(() => localStorage.removeItem(entry)),
  };
}
