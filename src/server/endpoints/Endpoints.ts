import { isDeepStrictEqual } from 'node:util';
import type { Application } from '@nocobase/server';
import type PluginWorkflowServer from '@nocobase/plugin-workflow';
import type { WorkflowModel } from '@nocobase/plugin-workflow';
import type { ResponseConfig } from '../../common/config';
import { type DiagnosedRequest, native, type Reply } from '../native';
import { prepareResponse } from '../respond/triggerResponse';
import { type CompiledEndpoint, compileEndpoint, messagesOf } from './CompiledEndpoint';
import { environmentOf, type EnvironmentValues, fillEnvironment } from './environment';
import { isNestedAtMost, MOST_LEVELS, TOO_DEEP } from './nesting';
import type { Surroundings } from './surroundings';
import { isEnv, templatesIn } from './templates';

/** An enabled webhook workflow, ready for requests. */
export interface WebhookEndpoint {
  workflow: WorkflowModel;
  /** Whether a request waits for the workflow. */
  sync: boolean;
  /** Returns what judges requests; throws if the configuration can't be used at this moment. */
  compiled(): CompiledEndpoint;
  /** Returns the reply to an asynchronous event, from its context as JSON text. */
  respond(context: string): Reply;
}

type Config = { response?: ResponseConfig };

/** The enabled webhook workflows by key, each compiled once. */
export class Endpoints {
  private readonly byKey = new Map<string, WebhookEndpoint>();

  /**
   * @param limit the most bytes of a body
   * @param surroundings what of its surroundings a webhook without own settings goes by
   */
  constructor(
    private readonly app: Application,
    private readonly workflow: PluginWorkflowServer,
    private readonly limit: number,
    private readonly surroundings: Surroundings,
  ) {}

  get(key: string): WebhookEndpoint | undefined {
    return this.byKey.get(key);
  }

  /** Makes a workflow the endpoint of its key. What was compiled from the same configuration stays. */
  set(workflow: WorkflowModel): void {
    const known = this.byKey.get(workflow.key);
    if (known && isSame(known.workflow, workflow)) {
      known.workflow = workflow;
    } else {
      this.byKey.set(workflow.key, this.compile(workflow));
    }
  }

  /** Removes the endpoint of a key. Returns whether there was one. */
  remove(key: string): boolean {
    return this.byKey.delete(key);
  }

  /** Compiles a workflow's configuration. Errors in it appear when it is used. */
  compile(workflow: WorkflowModel): WebhookEndpoint {
    const config: unknown = workflow.config ?? {};
    if (!isNestedAtMost(config, MOST_LEVELS)) {
      return this.misconfigured(workflow, () => TOO_DEEP);
    }
    // Copied key by key, a text or a list would look like an empty configuration, which accepts anyone.
    if (typeof config !== 'object' || Array.isArray(config)) {
      return this.misconfigured(workflow, () => messagesOf(native().checkConfig(config)));
    }
    const { response, ...request } = config as Config;
    // No configuration may keep the others from being compiled.
    const compiled = attempt(() => this.compileRequest(request, response));
    return {
      workflow,
      sync: this.workflow.isWorkflowSync(workflow),
      compiled: () => compiled()(),
      respond: lazily(() => prepareResponse(this.app, this.workflow, response)),
    };
  }

  /**
   * Takes a request through all checks of a configuration that no workflow has yet, off the main thread.
   *
   * @returns the JSON text of `{ accepted, checks, issues }`
   */
  async diagnose({ response, ...request }: Config, pasted: DiagnosedRequest): Promise<string> {
    const { filled, texts, missing } = fillEnvironment(request, environmentOf(this.app, request)());
    return missing.length
      ? JSON.stringify({ accepted: false, checks: [], issues: missing })
      : native().diagnose(JSON.stringify({ ...this.surroundings, ...filled, response }), this.limit, pasted, texts);
  }

  private misconfigured(workflow: WorkflowModel, message: () => string): WebhookEndpoint {
    const fail = () => {
      throw new Error(message());
    };
    return { workflow, sync: this.workflow.isWorkflowSync(workflow), compiled: fail, respond: fail };
  }

  private compileRequest(config: object, response: ResponseConfig | undefined): () => CompiledEndpoint {
    const environment = environmentOf(this.app, config);
    const compile = (values: EnvironmentValues) =>
      attempt(() => compileEndpoint(fillEnvironment(config, values), response, this.limit, this.surroundings));
    let compiled: (() => CompiledEndpoint) | undefined;
    if (!templatesIn(config).some(isEnv)) {
      return () => (compiled ??= compile(new Map()))();
    }
    // NocoBase doesn't say when a variable or secret changes, so the values are compared on every request.
    let seen: string | undefined;
    return () => {
      const values = environment();
      const now = JSON.stringify([...values.values()]);
      if (!compiled || now !== seen) {
        compiled = compile(values);
        seen = now;
      }
      return compiled();
    };
  }
}

function isSame(a: WorkflowModel, b: WorkflowModel): boolean {
  const isShallow = [a, b].every(({ config }) => isNestedAtMost(config, MOST_LEVELS));
  return String(a.id) === String(b.id) && a.sync === b.sync && isShallow && isDeepStrictEqual(a.config, b.config);
}

// Does something once, and repeats its result or its error: requests to a misconfigured webhook must not compile it each time.
function attempt<T>(make: () => T): () => T {
  try {
    const made = make();
    return () => made;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

// Makes a function when it is first called: an invalid configuration then fails the requests and not the enabling, and start-up
// with many webhooks compiles none.
function lazily<A extends unknown[], R>(make: () => (...args: A) => R): (...args: A) => R {
  let made: ((...args: A) => R) | undefined;
  return (...args) => (made ??= make())(...args);
}
