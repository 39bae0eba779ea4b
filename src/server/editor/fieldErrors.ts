import type { ConfigIssue } from '../../../index';

/** Returns the core's issues in the form in which NocoBase shows errors of fields; `null` for none. */
export function fieldErrors(issues: ConfigIssue[]): Record<string, string> | null {
  if (!issues.length) {
    return null;
  }
  // NocoBase shows only the messages, so each says which field it belongs to.
  return Object.fromEntries(issues.map(({ path, message }) => [path, path ? `"${path}": ${message}` : message]));
}
