import { Plugin } from '@nocobase/client';
import { register, type WorkflowPlugin } from '../client-v2/register';

export default class PluginWorkflowWebhookClient extends Plugin {
  async load() {
    register(this.app.pm.get('workflow') as WorkflowPlugin | undefined);
  }
}
