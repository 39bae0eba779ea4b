import { isDeepStrictEqual } from 'node:util';
import { parse } from '@nocobase/utils';
import type { Application } from '@nocobase/server';
import type PluginWorkflowServer from '@nocobase/plugin-workflow';
import type { WorkflowModel } from '@nocobase/plugin-workflow';
import { type Answer, prepareAnswer } from '../respond/triggerResponse';
import type { ConfigIssue, RateLimit } from '../../../index';
import { type DiagnosedRequest, type Endpoint, native, type Reply } from '../native';
import { fill, isEnv, templatesIn, textOf } from './templates';

/** A compiled configuration, with what every request asks it for, so that asking crosses to the addon once. */
export interface Judge {
  endpoint: Endpoint;
  /** Refuses what needs no body to be refused. */
  checkHead: ReturnType<Endpoint['checkHeadFunction']>;
  /** Judges a request on this thread. */
  judge: ReturnType<Endpoint['judgeFunction']>;
  /** The headers the endpoint looks at, in lower case. */
  headerNames: string[];
  /** Whether a proof covers the URL. */
  signsUrl: boolean;
  /** Most bytes of a body. */
  limit: number;
  /** How many events are let in; `null` for any number. */
  rateLimit: RateLimit | null;
  /** Whether the sender wants an answer of its own to every event. */
  acknowledges: boolean;
}

/** An enabled webhook workflow, ready to be called. */
export interface WebhookEndpoint {
  workflow: WorkflowModel;
  /** Whether the call waits for the workflow. */
  sync: boolean;
  /** Judges requests; throws where the configuration can't be used at this moment. */
  judge(): Judge;
  /** The reply to an asynchronous event, its context being JSON text. */
  answer(context: string): Reply;
}

type Config = { response?: Answer };

/** The enabled webhook workflows by key, each compiled once. */
export class Endpoints {
  private readonly byKey = new Map<string, WebhookEndpoint>();

  /** @param limit most bytes of a body */
  constructor(
    private readonly app: Application,
    private readonly workflow: PluginWorkflowServer,
    private readonly limit: number,
  ) {}

  get(key: string): WebhookEndpoint | undefined {
    return this.byKey.get(key);
  }

  /** Makes a workflow the endpoint of its key; what was compiled from the same configuration stays. */
  set(workflow: WorkflowModel): void {
    const known = this.byKey.get(workflow.key);
    if (known && isSame(known.workflow, workflow)) {
      known.workflow = workflow;
    } else {
      this.byKey.set(workflow.key, this.compile(workflow));
    }
  }

  /** Removes the endpoint of a key; tells whether there was one. */
  remove(key: string): boolean {
    return this.byKey.delete(key);
  }

  /** Compiles a workflow's configuration; what is wrong with it shows when it is used. */
  compile(workflow: WorkflowModel): WebhookEndpoint {
    const { response, ...request } = (workflow.config ?? {}) as Config;
    return {
      workflow,
      sync: this.workflow.isWorkflowSync(workflow),
      judge: this.compileRequest(request, response),
      answer: lazily(() => prepareAnswer(this.app, this.workflow, response)),
    };
  }

  /**
   * Takes a request through all checks of a configuration that no workflow has yet, off the main thread.
   *
   * @returns the JSON text of `{ accepted, checks, issues }`
   */
  async diagnose({ response, ...request }: Config, pasted: DiagnosedRequest): Promise<string> {
    const { filled, missing } = fillEnv(request, this.variables(request)());
    return missing.length
      ? JSON.stringify({ accepted: false, checks: [], issues: missing })
      : native().diagnose(JSON.stringify({ ...filled, response }), this.limit, pasted);
  }

  // What the `{{$env.NAME}}` of a configuration are now, with NocoBase's own meaning.
  private variables(config: object): () => Map<string, unknown> {
    const templates = templatesIn(config).filter(isEnv);
    const values = parse(templates) as (scope: object) => unknown[];
    return () => {
      const found = templates.length ? values({ $env: this.app.environment.getVariables() }) : [];
      return new Map(templates.map((template, index) => [template, found[index]]));
    };
  }

  private compileRequest(config: object, response: Answer | undefined): () => Judge {
    const make = (variables: Map<string, unknown>) =>
      attempt(() => compile(fillEnv(config, variables), response, this.limit));
    const variables = this.variables(config);
    let compiled: (() => Judge) | undefined;
    if (!templatesIn(config).some(isEnv)) {
      return () => (compiled ??= make(variables()))();
    }
    // NocoBase tells nobody when a variable or secret changes, so what the templates give is compared on every request.
    let seen: string | undefined;
    return () => {
      const found = variables();
      const now = JSON.stringify([...found.values()]);
      if (!compiled || now !== seen) {
        compiled = make(found);
        seen = now;
      }
      return compiled();
    };
  }
}

function isSame(a: WorkflowModel, b: WorkflowModel): boolean {
  return String(a.id) === String(b.id) && a.sync === b.sync && isDeepStrictEqual(a.config, b.config);
}

/** A configuration with its `{{$env.NAME}}` filled, and the places whose variable has no value. */
type FilledConfig = { filled: object; missing: ConfigIssue[] };

/**
 * Fills the `{{$env.NAME}}` of a configuration. One without a value is an issue: what is left of the text must never be taken
 * for the secret.
 */
function fillEnv(config: object, variables: Map<string, unknown>): FilledConfig {
  const missing: ConfigIssue[] = [];
  const filled = fill(config, (template, path) => {
    if (!isEnv(template)) {
      return template;
    }
    const value = variables.get(template);
    if (textOf(value).trim() !== '') {
      return value;
    }
    const message = `expected a value for ${template} in "Variables and secrets", but found none`;
    missing.push({ path, code: 'VARIABLE', message });
    return template;
  }) as object;
  return { filled, missing };
}

function compile({ filled, missing }: FilledConfig, response: Answer | undefined, limit: number): Judge {
  if (missing.length) {
    throw new Error(missing.map(({ path, message }) => `${path}: ${message}`).join('; '));
  }
  const endpoint = new (native().Endpoint)(JSON.stringify({ ...filled, response }), limit);
  const { headerNames, signsUrl, limit: own, rateLimit, acknowledges } = endpoint;
  return {
    endpoint,
    checkHead: endpoint.checkHeadFunction(),
    judge: endpoint.judgeFunction(),
    headerNames,
    signsUrl,
    limit: own,
    rateLimit,
    acknowledges,
  };
}

// Does something once, and gives what comes of it each time, an error too: requests of a webhook that is misconfigured must not
// compile it over and over.
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

// Makes a function when it is first called: a bad configuration then fails the calls and not the enabling, and start-up
// with many webhooks compiles none.
function lazily<A extends unknown[], R>(make: () => (...args: A) => R): (...args: A) => R {
  let made: ((...args: A) => R) | undefined;
  return (...args) => (made ??= make())(...args);
}
