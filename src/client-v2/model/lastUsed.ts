/** The values of manual executions that this browser remembers, one entry per workflow. */
export interface LastUsed<T> {
  read(): T | undefined;
  write(values: T): void;
  clear(): void;
}

/** Returns the entry of a workflow; all its versions share `key`. A browser without storage remembers nothing. */
export function lastUsed<T>(app: string, key: string): LastUsed<T> {
  const entry = `nocobase-plugin-workflow-webhook:manual:${app}:${key}`;
  const attempt = <R>(action: () => R): R | undefined => {
    try {
      return action();
    } catch {
      // Storage may be full or disabled, or contain what another version wrote.
      return undefined;
    }
  };
  return {
    read: () => attempt(() => JSON.parse(localStorage.getItem(entry) ?? 'null') as T) ?? undefined,
    write: (values) => void attempt(() => localStorage.setItem(entry, JSON.stringify(values))),
    clear: () => void attempt(() => localStorage.removeItem(entry)),
  };
}
