/** What the plugin uses of NocoBase, by the object that has it. Each is a path to a function or to an object that isn't empty. */
const REQUIRED = {
  app: [
    'acl.allow',
    'acl.registerSnippet',
    'cacheManager.createCache',
    'db.getModel',
    'db.getRepository',
    'environment.getVariables',
    'lockManager.tryAcquire',
    'pubSubManager.subscribe',
    'resourceManager.define',
    'snowflakeIdGenerator.generate',
    'use',
  ],
  workflow: [
    'createProcessor',
    'functions.getEntities',
    'getLogger',
    'instructions.get',
    'isWorkflowSync',
    'registerInstruction',
    'registerTrigger',
    'resume',
    'runningExecutionRegistry',
    'serving',
    'start',
    'timeoutManager.scheduleExecutionTimeout',
    'trigger',
    'triggers.get',
  ],
  '@nocobase/plugin-workflow': ['EXECUTION_STATUS', 'JOB_STATUS', 'getExecutionLockKey'],
} as const;

type Owner = keyof typeof REQUIRED;

/**
 * Returns the names of what the plugin uses and NocoBase doesn't have, e.g. `app.lockManager.tryAcquire`.
 *
 * A version number says nothing about that: a NocoBase that the plugin has never seen may have everything. All of it is there from
 * 2.2.0 on.
 */
export function missingParts(owners: Record<Owner, unknown>): string[] {
  return (Object.keys(REQUIRED) as Owner[]).flatMap((owner) =>
    REQUIRED[owner].filter((path) => !isThere(owners[owner], path)).map((path) => `${owner}.${path}`),
  );
}

function isThere(owner: unknown, path: string): boolean {
  let value = owner;
  for (const name of path.split('.')) {
    value = (value as Record<string, unknown> | null | undefined)?.[name];
  }
  return typeof value === 'function' || (typeof value === 'object' && value !== null);
}
