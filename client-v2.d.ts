import { Plugin } from '@nocobase/client-v2';

/** The plugin of the modern client; NocoBase loads it. */
export default class WebhookClientPlugin extends Plugin {}
