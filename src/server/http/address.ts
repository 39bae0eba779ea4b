import type { Application } from '@nocobase/server';
import trimEnd from 'lodash/trimEnd';
import { RESOURCE, TRIGGER_ACTION } from '../../common/names';

/** Where a request goes: the workflow's key, and what follows it in the path; both as sent, empty if missing. */
export interface Address {
  key: string;
  path: string;
}

// Some clients escape the colon of a path.
const ACTIONS = [`${RESOURCE}:${TRIGGER_ACTION}`, `${RESOURCE}%3a${TRIGGER_ACTION}`];

/** Returns what precedes `webhook:trigger` in the paths of an app, such as `/api/`. */
export function prefixOf(app: Application): string {
  return `${trimEnd(app.resourceManager.options.prefix ?? '/api', '/')}/`;
}

/** Returns the address in a path of the form `<prefix>webhook:trigger/<key>/<path>`; `undefined` for a path of another form. */
export function addressIn(path: string, prefix: string): Address | undefined {
  return path.startsWith(prefix) ? addressAt(path, prefix.length) : undefined;
}

/** Returns the address in a URL, or in the path and query of one, wherever a proxy or a sub-app has put it. */
export function addressInUrl(url: string): Address | undefined {
  const path = url.split(/[?#]/, 1)[0];
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
    const address = addressAt(path, slash + 1);
    if (address) {
      return address;
    }
  }
  return undefined;
}

/** Returns the address in a path whose `webhook:trigger` begins at an index, in any case; one slash at the end doesn't count. */
function addressAt(path: string, start: number): Address | undefined {
  const action = ACTIONS.find((known) => path.slice(start, start + known.length).toLowerCase() === known);
  if (action === undefined) {
    return undefined;
  }
  const end = start + action.length;
  if (end < path.length && path[end] !== '/') {
    return undefined;
  }
  const slash = path.indexOf('/', end + 1);
  if (slash < 0) {
    return { key: path.slice(end + 1), path: '' };
  }
  const last = path.endsWith('/') ? path.length - 1 : path.length;
  return { key: path.slice(end + 1, slash), path: path.slice(slash + 1, Math.max(slash + 1, last)) };
}
