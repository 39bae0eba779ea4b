/** The view that rows are inserted into, and the prefix of its trigger. A temporary view hides a table of its name: no collection has this one. */
export const VIEW = '_nocobase_plugin_workflow_webhook_store';

/** Whether SQLite's message says that the connection has no such view. */
export function isViewMissing(message: string): boolean {
  return message.includes(`no such table: ${VIEW}`);
}
