import type { ConfigIssue } from '../../../index';

/** The core's issues in the form in which NocoBase shows errors of fields; `null` for none. */
export function fieldErrors(issues: ConfigIssue[]): Record<string, string> | null {
  if (!issues.length) {
    return null;
  }
  // NocoBase shows the messages alone, so each says where it belongs.
  return Object.fromEntries(issues.map(({ path, message }) => [path, path ? `"${path}": ${message}` : message]));
}
