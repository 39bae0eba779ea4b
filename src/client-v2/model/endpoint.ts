import { RESOURCE, TRIGGER_ACTION } from '../../common/names';

/** The part of a NocoBase client application that locates its API. */
export interface ApiLocator {
  /** The name of the app: `main`, or that of a sub-app. */
  name?: string;
  /** Returns the absolute URL of a path below the API's base. */
  getApiUrl(path: string): string;
}

/** Returns the URL of a webhook. `key` is the same for all versions of a workflow. */
export function webhookUrl(app: ApiLocator, key: string): string {
  const subApp = app.name && app.name !== 'main' ? `__app/${app.name}/` : '';
  return app.getApiUrl(`${subApp}${RESOURCE}:${TRIGGER_ACTION}/${key}`);
}
