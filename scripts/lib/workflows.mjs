// Creates workflows with NocoBase's API, as its editor does.

/**
 * Creates a workflow; a webhook without a configuration has no authentication, as in the commercial plugin.
 *
 * @param {import('./nocobase.d.mts').App} app
 * @param {import('./workflows.d.mts').WorkflowDefinition} definition
 * @returns {Promise<import('./workflows.d.mts').CreatedWorkflow>}
 */
export async function createWorkflow(
  app,
  {
    title,
    type = 'webhook',
    sync = false,
    config = type === 'webhook' ? { request: {} } : {},
    options,
    nodes = [],
    enabled = true,
  },
) {
  const workflow = await app.api('POST', 'workflows:create', { title, type, sync, config, options });
  const created = await createNodes(app, workflow.id, nodes);
  if (enabled) await setEnabled(app, workflow.id, true);
  return { id: workflow.id, key: workflow.key, url: `${app.apiUrl}webhook:trigger/${workflow.key}`, nodes: created };
}

/** Switches a workflow on or off. */
export async function setEnabled(app, id, enabled) {
  await app.api('POST', `workflows:update?filterByTk=${id}`, { enabled });
}

async function createNodes(app, workflowId, nodes, upstreamId = null, branchIndex = null) {
  const created = [];
  for (const { branches = {}, ...node } of nodes) {
    const position =
      created.length > 0 ? { upstreamId: created.at(-1).id, branchIndex: null } : { upstreamId, branchIndex };
    const { id, key } = await app.api('POST', `workflows/${workflowId}/nodes:create`, {
      config: {},
      ...node,
      ...position,
    });
    created.push({ id, key });
    for (const [index, branch] of Object.entries(branches)) {
      await createNodes(app, workflowId, branch, id, Number(index));
    }
  }
  return created;
}
