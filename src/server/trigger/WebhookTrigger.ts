import Joi from 'joi';
import { type EventOptions, Trigger, type WorkflowModel } from '@nocobase/plugin-workflow';
import type PluginWorkflowServer from '@nocobase/plugin-workflow';
import { withOwnSecrets } from '../../common/authentication';
import { METHODS, type TriggerConfig } from '../../common/config';
import type { Activation } from '../endpoints/Activation';
import type { Endpoints } from '../endpoints/Endpoints';
import { strayTemplates } from '../endpoints/environment';
import { isNestedAtMost, MOST_LEVELS, TOO_DEEP } from '../endpoints/nesting';
import { fieldErrors } from '../editor/fieldErrors';
import { native } from '../native';
import { newId } from '../newId';
import { withRequest } from '../receive/requestVariables';

/** The values of a manual execution; each may be omitted. */
type ManualValues = { headers?: Record<string, unknown> | null; query?: unknown; body?: unknown } | null | undefined;

/** The trigger type `webhook`. */
export class WebhookTrigger extends Trigger {
  // The shape only; every rule about the values is the core's (`checkConfig`).
  configSchema = Joi.object({
    basicAuthentication: Joi.alternatives(Joi.boolean().valid(false), Joi.object()).allow(null),
    request: Joi.object({
      headers: Joi.array().items(Joi.object()).allow(null),
      query: Joi.array().items(Joi.object()).allow(null),
      body: Joi.array().items(Joi.object()).allow(null),
      files: Joi.alternatives(Joi.boolean().valid(false), Joi.object()).allow(null),
    }).allow(null),
    idempotency: Joi.alternatives(Joi.boolean().valid(false), Joi.object()).allow(null),
    rateLimit: Joi.alternatives(Joi.boolean().valid(false), Joi.object()).allow(null),
    response: Joi.object({ headers: Joi.array().items(Joi.object()).allow(null) }).allow(null),
  });

  constructor(
    workflow: PluginWorkflowServer,
    private readonly endpoints: Endpoints,
    private readonly activation: Activation,
  ) {
    super(workflow);
  }

  // Neither says what is committed; see `Activation`.
  on({ key }: WorkflowModel): void {
    void this.activation.touch(key);
  }

  off({ key }: WorkflowModel): void {
    void this.activation.touch(key);
  }

  validateConfig(config: Record<string, unknown>): Record<string, string> | null {
    if (!isNestedAtMost(config, MOST_LEVELS)) {
      return { config: TOO_DEEP };
    }
    return super.validateConfig(config) ?? fieldErrors([...native().checkConfig(config), ...strayTemplates(config)]);
  }

  /** A new version keeps its secrets; a copy, which has a key of its own, doesn't share them with the original. */
  duplicateConfig({ key, config }: WorkflowModel, { origin }: { origin?: WorkflowModel }): object {
    return origin && origin.key !== key ? withOwnSecrets((config ?? {}) as TriggerConfig) : config;
  }

  /** Executes manually, with the variables that a request with these values would have. */
  async execute(workflow: WorkflowModel, values: ManualValues, options: EventOptions) {
    const { endpoint } = this.endpoints.compile(workflow).compiled();
    const headers = Object.entries(values?.headers ?? {}).filter(([, value]) => value != null);
    const context = endpoint.shape(
      headers.flatMap(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
      queryText(values?.query),
      values?.body == null ? undefined : JSON.stringify(values.body),
    );
    if (typeof context !== 'string') {
      const [error] = (JSON.parse(context.body) as { errors: Array<{ code: string; message: string }> }).errors;
      throw Object.assign(new Error(error.message), { status: context.status, code: error.code });
    }
    const { methods = [] } = (workflow.config as TriggerConfig).request ?? {};
    const id = newId(this.workflow.app);
    const request = { id, method: methods[0] ?? METHODS[0], path: '', ip: '', receivedAt: new Date() };
    return this.workflow.trigger(workflow, JSON.parse(withRequest(context, request)) as object, options);
  }
}

function queryText(query: unknown): string | undefined {
  if (query == null) {
    return undefined;
  }
  if (typeof query !== 'string') {
    return JSON.stringify(query);
  }
  const parsed = native().parseQuery(query);
  if (!parsed.ok) {
    throw new Error(parsed.error.message);
  }
  return JSON.stringify(parsed.values);
}
