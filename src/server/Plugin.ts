import bytes from 'bytes';
import type { Context, Next } from '@nocobase/actions';
import { Plugin } from '@nocobase/server';
import * as workflowExports from '@nocobase/plugin-workflow';
import PluginWorkflowServer from '@nocobase/plugin-workflow';
import { DELIVERIES, TRIGGER_ACTION, PACKAGE_NAME, RESOURCE, RESPONSE_TYPE, TRIGGER_TYPE } from '../common/names';
import { AcceptedEvents } from './AcceptedEvents';
import { defineActions } from './deliveries/actions';
import { createTable, defineDeliveries } from './deliveries/collection';
import { DeliveryTable } from './deliveries/DeliveryTable';
import { keepStatusOfDeleted } from './deliveries/deletedExecutions';
import { Journal } from './deliveries/Journal';
import { whenQuiet } from './deliveries/quiet';
import { listRejections } from './deliveries/reading';
import { Retention } from './deliveries/Retention';
import { editorActions } from './editor/actions';
import { Activation } from './endpoints/Activation';
import { Endpoints } from './endpoints/Endpoints';
import { readSurroundings } from './endpoints/surroundings';
import { handBack } from './execute/handBack';
import { LockSweep } from './execute/LockSweep';
import { Recovery } from './execute/Recovery';
import { claimWebhooks } from './http/claim';
import { keepSecretsOutOfRequestLog } from './http/requestLog';
import { send } from './http/send';
import { native, rejection, type Reply } from './native';
import { renewedOnReload } from './nocobase/listeners';
import { missingParts } from './nocobase/requirements';
import { FailedAuthentications } from './receive/FailedAuthentications';
import { FileUploads } from './receive/FileUploads';
import { JudgingQueue } from './receive/JudgingQueue';
import { LeniencyLog } from './receive/LeniencyLog';
import { RateLimits } from './receive/RateLimits';
import { Receiver } from './receive/Receiver';
import { RejectionChecks } from './receive/RejectionChecks';
import { RejectionLog } from './receive/RejectionLog';
import { ResponseInstruction } from './respond/ResponseInstruction';
import { Telemetry } from './telemetry';
import { closeByDefault } from './trigger/closedByDefault';
import { WebhookTrigger } from './trigger/WebhookTrigger';

// NocoBase's own default for REQUEST_BODY_LIMIT.
const DEFAULT_BODY_LIMIT = '10mb';

/** Registers the trigger, the node and the resource in an app. If something is in the way, it logs an error and does nothing. */
export class WebhookPlugin extends Plugin {
  async load(): Promise<void> {
    keepSecretsOutOfRequestLog(this.app);
    try {
      native();
    } catch (error) {
      this.doNothing((error as Error).message);
      return;
    }
    const workflow = this.app.pm.get(PluginWorkflowServer) as PluginWorkflowServer;
    const missing = missingParts({ app: this.app, workflow, '@nocobase/plugin-workflow': workflowExports });
    if (missing.length > 0) {
      this.doNothing(
        `${PACKAGE_NAME} ${this.options.version} can't run on NocoBase ${this.app.getPackageVersion?.()}, which lacks what it ` +
          `uses: ${missing.join(', ')}. Install a version of the plugin that was made for this NocoBase. Until then the plugin ` +
          'does nothing and its webhooks answer 503.',
      );
      return;
    }
    const limit = this.bodyLimit();
    const surroundings = readSurroundings(process.env, (problem) =>
      this.app.logger.error(`${PACKAGE_NAME}: ${problem}`),
    );
    const endpoints = new Endpoints(this.app, workflow, limit, surroundings);
    const activation = new Activation(this.app, endpoints);
    const telemetry = new Telemetry(this.app);
    const events = new AcceptedEvents(this.app, workflow, telemetry);
    telemetry.watch(() => events.counts());
    const exclusively = <T>(write: () => Promise<T>) => events.exclusively(write);
    const recovery = new Recovery(this.app, workflow, exclusively, events, endpoints);
    const { db } = this.app;
    defineDeliveries(db);
    const deliveries = new DeliveryTable(db);
    const quietly = whenQuiet(db, exclusively);
    const journal = new Journal(
      this.app,
      {
        prepare: () => createTable(db),
        add: (added) => deliveries.add(added),
        change: (changes) => deliveries.change(changes),
      },
      quietly,
    );
    const retention = new Retention(this.app, quietly);
    keepStatusOfDeleted(db, journal);
    const checks = new RejectionChecks(this.app);
    const locks = new LockSweep(this.app);
    const judging = new JudgingQueue(limit);
    const receiver = new Receiver({
      endpoints,
      activation,
      judging,
      files: new FileUploads(this.app, exclusively),
      rateLimits: new RateLimits(this.app),
      failures: new FailedAuthentications(),
      checks,
      journal,
      log: new RejectionLog(this.app.logger, telemetry),
      leniencies: new LeniencyLog(this.app.logger),
      events,
    });

    // After every plugin has loaded: another plugin that has these types keeps them, and no registration fails.
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
      closeByDefault(this.app);
      claimWebhooks(this.app, (ctx, address) => receiver.receive(ctx, address));
    });

    const stop = async () => {
      receiver.stop();
      activation.stop();
      locks.stop();
      try {
        await recovery.stop();
      } finally {
        await events.drain();
        retention.stop();
        await journal.close();
      }
      if (!this.enabled) {
        // It stops because it is being disabled.
        await handBack(this.app);
      }
    };
    // Before the workflow plugin's own listener, which disables all workflows: webhooks would then respond with 404.
    this.app.prependListener('beforeStop', renewedOnReload(stop));

    const start = async () => {
      // NocoBase accepts no requests before all listeners are done.
      await journal.open();
      await activation.start();
      await recovery.start();
      locks.start();
      retention.start();
    };
    this.app.on('afterStart', renewedOnReload(start));

    const rejectionsOf = async (workflowKey: string) => {
      // Includes what was rejected before this call.
      await checks.done();
      await journal.flush();
      return listRejections(db, workflowKey);
    };
    const editor = editorActions(this.app, endpoints, rejectionsOf, judging);
    defineActions(this.app, journal);
    this.app.acl.registerSnippet({
      name: `pm.${workflow.name}.webhook-deliveries`,
      actions: [`${DELIVERIES}:list`, `${DELIVERIES}:get`],
    });
    this.app.resourceManager.define({
      name: RESOURCE,
      actions: {
        // Requests are claimed before they get here; this is for code that calls the action from inside.
        [TRIGGER_ACTION]: async (ctx: Context, next: Next) => {
          send(ctx, rejection('notFound'));
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

  /** Logs why the plugin can't work, and asks senders to try again later, if NocoBase has what that takes. */
  private doNothing(reason: string): void {
    this.app.logger.error(reason);
    this.app.on(
      'afterStart',
      renewedOnReload(() => handBack(this.app)),
    );
    try {
      claimWebhooks(this.app, async () => UNAVAILABLE);
    } catch {
      // Loading never throws: NocoBase wouldn't start. Without a claim, the URLs answer 404.
    }
  }

  // NocoBase's limit. For a value that isn't a size, NocoBase's own body parser sets no limit at all, which nobody intends.
  private bodyLimit(): number {
    const configured = process.env.REQUEST_BODY_LIMIT || DEFAULT_BODY_LIMIT;
    const limit = bytes.parse(configured);
    if (limit === null || limit < 0) {
      this.app.logger.error(
        `${PACKAGE_NAME}: REQUEST_BODY_LIMIT: expected a size such as "10mb", but found "${configured}"; ` +
          `webhooks accept ${DEFAULT_BODY_LIMIT}`,
      );
      return bytes.parse(DEFAULT_BODY_LIMIT) as number;
    }
    // No buffer is larger, and the addon counts in 32 bits.
    return Math.min(limit, 2 ** 32 - 1);
  }
}

// The core, which has the table of rejections, is what is missing here.
const UNAVAILABLE: Reply = {
  kind: 'rejection',
  status: 503,
  headers: [
    ['content-type', 'application/json; charset=utf-8'],
    ['retry-after', '60'],
  ],
  body: JSON.stringify({ errors: [{ code: 'UNAVAILABLE', message: 'Webhooks are not available; try again later.' }] }),
};
