import { Plugin } from '@nocobase/client-v2';
import { register, type WorkflowPlugin } from './register';

export default class PluginWorkflowWebhookClientV2 extends Plugin {
  async load() {
    register(this.app.pm.get('workflow') as WorkflowPlugin | undefined);
  }
}
