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
