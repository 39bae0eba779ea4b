import bytes from 'bytes';
import type { Context, Next } from '@nocobase/actions';
import { Plugin } from '@nocobase/server';
import PluginWorkflowServer from '@nocobase/plugin-workflow';
import { TRIGGER_ACTION, PACKAGE_NAME, RESOURCE, RESPONSE_TYPE, TRIGGER_TYPE } from '../common/names';
import { Activation } from './endpoints/Activation';
import { Dispatch } from './AcceptedEvents';
import { editorActions, hideValues } from './editor/actions';
import { Endpoints } from './endpoints/Endpoints';
import { FailedAuthentications } from './receive/FailedAuthentications';
import { FileKeeper } from './receive/FileUploads';
import { claimWebhooks } from './http/claim';
import { send } from './http/send';
import { Judges } from './receive/JudgingQueue';
import { KeptRefusals } from './receive/RecentRejections';
import { native, refuse } from './native';
import { RateLimits } from './receive/RateLimits';
import { Receiver } from './receive/Receiver';
import { Recovery } from './execute/Recovery';
import { Refusals } from './receive/RejectionLog';
import { ResponseInstruction } from './respond/ResponseInstruction';
import { Telemetry } from './telemetry';
import { WebhookTrigger } from './trigger/WebhookTrigger';

// NocoBase's own default for REQUEST_BODY_LIMIT.
const DEFAULT_BODY_LIMIT = '10mb';

/** Registers the trigger, the node and the resource in an app. Where something is in the way it says so and does nothing. */
export class WebhookPlugin extends Plugin {
  async load(): Promise<void> {
    try {
      native();
    } catch (error) {
      this.app.logger.error((error as Error).message);
      claimWebhooks(this.app, async () => UNAVAILABLE);
      return;
    }
    const workflow = this.app.pm.get(PluginWorkflowServer) as PluginWorkflowServer;
    const limit = this.bodyLimit();
    const endpoints = new Endpoints(this.app, workflow, limit);
    const activation = new Activation(this.app, endpoints);
    const telemetry = new Telemetry(this.app);
    const dispatch = new Dispatch(this.app, workflow, telemetry);
    const refusals = new Refusals(this.app.logger, telemetry);
    telemetry.watch(() => dispatch.counts());
    const recovery = new Recovery(this.app, workflow, (body) => dispatch.exclusively(body));
    const kept = new KeptRefusals(this.app);
    const files = new FileKeeper(this.app, (body) => dispatch.exclusively(body));
    const limits = new RateLimits(this.app);
    const failures = new FailedAuthentications();
    const receiver = new Receiver(endpoints, activation, dispatch, new Judges(limit), files, limits, failures, kept);

    // After every plugin has loaded: then whoever else wants these types has them, and nobody's registration fails.
    this.app.once('afterLoad', () => {
      if (workflow.triggers.get(TRIGGER_TYPE) || workflow.instructions.get(RESPONSE_TYPE)) {
        this.app.logger.error(
          `${PACKAGE_NAME}: another plugin has registered the trigger type "${TRIGGER_TYPE}" or the node type ` +
            `"${RESPONSE_TYPE}" already. This plugin does nothing until one of the two is disabled.`,
        );
        return;
      }
      workflow.registerTrigger(TRIGGER_TYPE, new WebhookTrigger(workflow, endpoints, activation));
      workflow.registerInstruction(RESPONSE_TYPE, new ResponseInstruction(workflow));
      claimWebhooks(this.app, async (ctx, address) => {
        const reply = await receiver.receive(ctx, address);
        if (reply) {
          refusals.note(reply, address.key, endpoints.get(address.key) !== undefined);
        }
        return reply;
      });
    });

    const stop = async () => {
      receiver.stop();
      activation.stop();
      await recovery.stop();
      await dispatch.drain();
    };
    // Before the workflow plugin's own listener, which switches all webhooks off: they then would answer 404.
    this.app.prependListener('beforeStop', Object.assign(stop, { _reinitializable: true }));

    const start = async () => {
      // NocoBase takes no requests before all listeners are done.
      await activation.start();
      await recovery.start();
    };
    this.app.on('afterStart', Object.assign(start, { _reinitializable: true }));

    hideValues(this.app);
    const editor = editorActions(this.app, endpoints, kept);
    this.app.resourceManager.define({
      name: RESOURCE,
      actions: {
        // Calls are claimed before they come here; this is for code that calls the action from inside.
        [TRIGGER_ACTION]: async (ctx: Context, next: Next) => {
          send(ctx, refuse('notFound'));
          await next();
        },
        ...editor,
      },
    });
    this.app.acl.allow(RESOURCE, TRIGGER_ACTION, 'public');
    // Part of the permission to edit workflows.
    this.app.acl.registerSnippet({
      name: `pm.${workflow.name}.workflows`,
      actions: Object.keys(editor).map((action) => `${RESOURCE}:${action}`),
    });
  }

  // NocoBase's limit. Its own body parser takes a value that is no size for no limit at all, which nobody means.
  private bodyLimit(): number {
    const configured = process.env.REQUEST_BODY_LIMIT || DEFAULT_BODY_LIMIT;
    const limit = bytes.parse(configured);
    if (limit === null || limit < 0) {
      this.app.logger.error(
        `${PACKAGE_NAME}: REQUEST_BODY_LIMIT: expected a size such as "10mb", but found "${configured}"; ` +
          `webhooks take ${DEFAULT_BODY_LIMIT}`,
      );
      return bytes.parse(DEFAULT_BODY_LIMIT) as number;
    }
    // No buffer is larger, and the addon counts in 32 bits.
    return Math.min(limit, 2 ** 32 - 1);
  }
}

// The core, which holds the table of refusals, is what is missing here.
const UNAVAILABLE = {
  status: 503,
  headers: [
    ['content-type', 'application/json; charset=utf-8'],
    ['retry-after', '60'],
  ] as [string, string][],
  body: JSON.stringify({ errors: [{ code: 'UNAVAILABLE', message: 'Webhooks are not available; try again later.' }] }),
};
