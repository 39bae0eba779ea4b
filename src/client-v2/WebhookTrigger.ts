import { Trigger, type VariableOption } from '@nocobase/plugin-workflow/client-v2';
import type { TriggerConfig } from '../common/config';
import { tExpr, useT } from './locale';
import { newTokenMethod } from '../common/authentication';
import { requestVariables } from './model/variables';

/** The trigger in the editors of both clients. Users choose on creation whether a workflow is synchronous. */
export class WebhookTrigger extends Trigger {
  title = tExpr('Webhook event');
  description = tExpr(
    'Starts the workflow when an HTTP request is received at its URL. Request data is available as variables.',
  );

  PresetFieldsetLoader = () => import('./forms/PresetForm');
  FieldsetLoader = () => import('./forms/TriggerForm');
  TriggerFieldsetLoader = () => import('./forms/ManualForm');

  /** A new webhook requires a token, and keeps whole requests. The newer client takes it from `PresetForm` instead. */
  createDefaultConfig(): TriggerConfig & Record<string, unknown> {
    return { authentication: [newTokenMethod()], request: { keep: 'all' } };
  }

  useVariables(config: TriggerConfig): VariableOption[] {
    // eslint-disable-next-line react-hooks/rules-of-hooks -- NocoBase calls this method as a hook
    const t = useT();
    return requestVariables(config, t);
  }
}
