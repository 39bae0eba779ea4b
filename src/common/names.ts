/** The package, which is also the namespace of its translations. */
export const PACKAGE_NAME = 'nocobase-plugin-workflow-webhook';

/** The type of the trigger, as stored in `workflow.type`. */
export const TRIGGER_TYPE = 'webhook';

/** The type of the Response node, as stored in `node.type`. */
export const RESPONSE_TYPE = 'response';

/** The resource of webhook URLs and of the editor's actions. */
export const RESOURCE = 'webhook';

/** The collection of deliveries, one row for each request, and the resource that shows them. */
export const DELIVERIES = 'webhookDeliveries';

/** `<api>webhook:trigger/<workflow key>` is the URL of a webhook. */
export const TRIGGER_ACTION = 'trigger';

/** `POST <api>webhook:inferPaths` returns the paths of a sample. Requires permission to edit workflows. */
export const INFER_ACTION = 'inferPaths';

/** `POST <api>webhook:diagnose` judges a pasted request by a configuration. Requires permission to edit workflows. */
export const DIAGNOSE_ACTION = 'diagnose';

/** `POST <api>webhook:rejections` returns the last rejected requests of a webhook. Requires permission to edit workflows. */
export const REJECTIONS_ACTION = 'rejections';

/** `GET <api>webhook:presets` returns the schemes of known senders by name. Requires permission to edit workflows. */
export const PRESETS_ACTION = 'presets';
