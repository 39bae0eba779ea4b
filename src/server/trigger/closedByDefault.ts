import type { Model } from '@nocobase/database';
import type { Application } from '@nocobase/server';
import { hasMethod, newTokenMethod } from '../../common/authentication';
import type { TriggerConfig } from '../../common/config';
import { TRIGGER_TYPE } from '../../common/names';
import { fieldErrors } from '../editor/fieldErrors';
import { native } from '../native';

/** The error of a configuration that isn't saved. NocoBase's error handler recognizes it by its name. */
class InvalidWebhook extends Error {
  readonly name = 'WorkflowValidationError';
  readonly status = 400;

  constructor(readonly errors: Record<string, string>) {
    super(Object.values(errors).join('; '));
  }
}

/**
 * Prevents that saving a workflow opens a webhook by accident. Hooks of the database see every client and every action, also
 * those that NocoBase doesn't validate.
 */
export function closeByDefault(app: Application): void {
  app.db.on('workflows.beforeCreate', (workflow: Model, { context }: { context?: unknown }) => {
    // Only a request has a context: new versions and copies of a workflow keep what the original has.
    if (isWebhook(workflow) && context && isEmpty(workflow.get('config'))) {
      workflow.set('config', { authentication: [newTokenMethod()] });
    }
  });
  app.db.on('workflows.beforeUpdate', (workflow: Model) => {
    if (!isWebhook(workflow)) {
      return;
    }
    const config = workflow.get('config') as TriggerConfig | null;
    if (workflow.changed('config')) {
      rejectOpening(workflow.previous('config') as TriggerConfig | null, config);
    }
    if (workflow.changed('enabled') && workflow.get('enabled')) {
      rejectMissingSecrets(config ?? {});
    }
  });
}

function isWebhook(workflow: Model): boolean {
  return workflow.get('type') === TRIGGER_TYPE;
}

function isEmpty(config: unknown): boolean {
  return config == null || (typeof config === 'object' && Object.keys(config).length === 0);
}

/** Rejects a configuration that lacks a method where the one before had one, unless it confirms that with `public`. */
function rejectOpening(before: TriggerConfig | null, after: TriggerConfig | null): void {
  if (hasMethod(before) && !hasMethod(after) && after?.public !== true) {
    throw new InvalidWebhook({
      authentication:
        '"authentication": expected an authentication method, or public: true to accept anyone with the URL',
    });
  }
}

/** Rejects enabling a webhook that lacks a secret, as a copy does whose sender issues the secrets. */
function rejectMissingSecrets(config: TriggerConfig): void {
  const issues = native()
    .checkConfig(config)
    .filter(({ path, code }) => code === 'SECRETS' || path.startsWith('handshake'));
  const errors = fieldErrors(issues);
  if (errors) {
    throw new InvalidWebhook(errors);
  }
}
