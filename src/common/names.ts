/** The package, which is also the namespace of its translations. */
export const PACKAGE_NAME = 'nocobase-plugin-workflow-webhook';

/** Type of the trigger, as stored in `workflow.type`. */
export const TRIGGER_TYPE = 'webhook';

/** Type of the Response node, as stored in `node.type`. */
export const RESPONSE_TYPE = 'response';

/** The resource that a webhook's URL and the editor's own actions belong to. */
export const RESOURCE = 'webhook';

/** `POST <api>webhook:trigger/<workflow key>` delivers an event. */
export const TRIGGER_ACTION = 'trigger';

/** `POST <api>webhook:inferPaths` answers the paths of a sample, for those who may edit workflows. */
export const INFER_ACTION = 'inferPaths';

/** `POST <api>webhook:diagnose` judges a pasted request by a configuration, for those who may edit workflows. */
export const DIAGNOSE_ACTION = 'diagnose';

/** `POST <api>webhook:refusals` answers the last refusals of a webhook, for those who may edit workflows. */
export const REFUSALS_ACTION = 'refusals';

/** `GET <api>webhook:presets` answers the schemes of known senders by name, for those who may edit workflows. */
export const PRESETS_ACTION = 'presets';
