import { Trigger, type VariableOption } from '@nocobase/plugin-workflow/client-v2';
import type { TriggerConfig } from '../common/config';
import { tExpr, useT } from './locale';
import { newTokenProof } from './model/proofs';
import { requestVariables } from './model/variables';

/** The trigger as both clients' editors know it. Whether a workflow is synchronous is the user's choice on creation. */
export class WebhookTrigger extends Trigger {
  title = tExpr('Webhook event');
  description = tExpr(
    'Gives the workflow a URL. Another system calls it, and the workflow runs with the data that came along.',
  );

  PresetFieldsetLoader = () => import('./forms/PresetForm');
  FieldsetLoader = () => import('./forms/TriggerForm');
  TriggerFieldsetLoader = () => import('./forms/ManualForm');

  /** A new webhook asks for a secret. The newer client takes it from the form for new workflows instead. */
  createDefaultConfig(): TriggerConfig & Record<string, unknown> {
    return { authentication: [newTokenProof()] };
  }

  useVariables(config: TriggerConfig): VariableOption[] {
    // eslint-disable-next-line react-hooks/rules-of-hooks -- NocoBase calls this method as a hook
    const t = useT();
    return requestVariables(config, t);
  }
}
