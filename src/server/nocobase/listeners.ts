/**
 * Marks a listener that every load of the plugin adds: when an app reloads, NocoBase removes it before the plugin is loaded again.
 *
 * Sets the undocumented `_reinitializable`. Verified with NocoBase 2.2.15. Fallback: without the mark the listener of the previous
 * load runs too; each of ours may run after its app has ended.
 */
export function renewedOnReload<T extends () => unknown>(listener: T): T {
  return Object.assign(listener, { _reinitializable: true });
}
