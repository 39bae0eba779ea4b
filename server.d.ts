import { Plugin } from '@nocobase/server';

export * from './index';

/** The server half of the plugin; NocoBase loads it. */
export default class WebhookPlugin extends Plugin {}
