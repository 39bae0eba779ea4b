import { Plugin } from '@nocobase/client';

/** The plugin of the classic client; NocoBase loads it. */
export default class WebhookClientPlugin extends Plugin {}
