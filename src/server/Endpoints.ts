import { isDeepStrictEqual } from 'node:util';
import { parse } from '@nocobase/utils';
import type { Application } from '@nocobase/server';
import type PluginWorkflowServer from '@nocobase/plugin-workflow';
import type { WorkflowModel } from '@nocobase/plugin-workflow';
import { type Answer, prepareAnswer } from './answer';
import type { RateLimit } from '../../index';
import { type DiagnosedRequest, type Endpoint, native, type Reply } from './native';

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

const ENV_TEMPLATE = /\{\{\s*\$env\./;

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
      judge: this.compileRequest(request),
      answer: lazily(() => prepareAnswer(this.app, this.workflow, response)),
    };
  }

  /**
   * Takes a request through all checks of a configuration that no workflow has yet, off the main thread.
   *
   * @returns the JSON text of `{ accepted, checks, issues }`
   */
  diagnose({ response, ...request }: Config, pasted: DiagnosedRequest): Promise<string> {
    // With what stands in NocoBase's variables and secrets now, where it asks for any of them.
    const filled = ENV_TEMPLATE.test(JSON.stringify(request))
      ? (parse(request)({ $env: this.app.environment.getVariables() }) as object)
      : request;
    return native().diagnose(JSON.stringify({ ...filled, response }), this.limit, pasted);
  }

  private compileRequest(config: object): () => Judge {
    const text = JSON.stringify(config);
    if (!ENV_TEMPLATE.test(text)) {
      return lazily(() => {
        const judge = compile(text, this.limit);
        return () => judge;
      });
    }
    // NocoBase tells nobody when a variable or secret changes, so what the templates give is compared on every call.
    const template = parse(config);
    let filled: string | undefined;
    let judge: Judge | undefined;
    return () => {
      const now = JSON.stringify(template({ $env: this.app.environment.getVariables() }));
      if (!judge || now !== filled) {
        judge = compile(now, this.limit);
        filled = now;
      }
      return judge;
    };
  }
}

function isSame(a: WorkflowModel, b: WorkflowModel): boolean {
  return String(a.id) === String(b.id) && a.sync === b.sync && isDeepStrictEqual(a.config, b.config);
}

function compile(config: string, limit: number): Judge {
  const endpoint = new (native().Endpoint)(config, limit);
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

// Makes a function when it is first called: a bad configuration then fails the calls and not the enabling, and start-up
// with many webhooks compiles none.
function lazily<A extends unknown[], R>(make: () => (...args: A) => R): (...args: A) => R {
  let made: ((...args: A) => R) | undefined;
  return (...args) => (made ??= make())(...args);
}
