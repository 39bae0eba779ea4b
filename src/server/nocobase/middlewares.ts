/**
 * Middlewares of NocoBase and its own plugins that pass a webhook request on untouched, after looking at its path, its headers or
 * its action, by their tag or, without one, by their name. Together they take a sixth of the time of a small request.
 *
 * None is here that other code may rely on while a webhook is answered: the request's id, log, language, client address, CORS
 * headers and error handler stay, and so does what any other plugin adds.
 */
export const IRRELEVANT: ReadonlySet<string> = new Set([
  // Signing in at NocoBase's own OAuth provider and MCP server: paths of their own, and tokens for the resource layer.
  'idp-oauth-provider',
  'idp-oauth-resource-auth',
  'idp-oauth-interaction',
  'mcp-oauth-protected-resource',
  'mcp-unauthorized-response',
  // The response of an action, which a webhook isn't.
  'setDataSourceListItemStatus',
  'handleAppendDataSourceCollection',
  'flow-surfaces-write-body-errors',
  'dataWrapping',
  // Files of the file manager, at paths of their own.
  'legacyFileAccess',
  'fileAccess',
]);

/** The group of what was added without a tag. */
const UNTAGGED = '?';

type Middleware = (...args: never[]) => unknown;

/**
 * Returns the middlewares of an app that a webhook request has to pass, in their order.
 *
 * Reads the private `_items` of the app's sorted middlewares, which has their tags. Verified with NocoBase 2.2.15. Fallback: all
 * middlewares, where it doesn't exist.
 */
export function relevantMiddlewares(sorted: {
  nodes: Middleware[];
  _items?: { node: Middleware; group: string }[];
}): Middleware[] {
  if (!Array.isArray(sorted._items)) {
    return sorted.nodes;
  }
  const tags = new Map(sorted._items.map(({ node, group }) => [node, group]));
  return sorted.nodes.filter((node) => {
    const tag = tags.get(node) ?? UNTAGGED;
    return !IRRELEVANT.has(tag === UNTAGGED ? node.name : tag);
  });
}
