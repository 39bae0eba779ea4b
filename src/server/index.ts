import { Plugin } from '@nocobase/server';
// eslint-disable-next-line
const native = require('../../index.js');

/** Registers the Webhook trigger and the Response node. */
export default class WebhookPlugin extends Plugin {
  override async load(): Promise<void> {
    this.app.logger.info(`webhook addon ${native.version()}`);
  }
}
