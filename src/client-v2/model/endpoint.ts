import { RESOURCE, TRIGGER_ACTION } from '../../common/names';

/** The part of a NocoBase client application that knows where its API is. */
export interface ApiLocator {
  /** Name of the app; a sub-app has another one than `main`. */
  name?: string;
  /** Makes an absolute URL of a path below the API's base. */
  getApiUrl(path: string): string;
}

/** The URL that another system calls. `key` stays the same over all versions of a workflow. */
export function webhookUrl(app: ApiLocator, key: string): string {
  const subApp = app.name && app.name !== 'main' ? `__app/${app.name}/` : '';
  return app.getApiUrl(`${subApp}${RESOURCE}:${TRIGGER_ACTION}/${key}`);
}
