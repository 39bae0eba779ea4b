import { Plugin } from '@nocobase/server';

export { checkConfig, extractPaths, inferPaths, judge, parseQuery, verifyBasicAuth } from './index';
export type { ConfigIssue, ParseError } from './index';

/** The server half of the plugin; NocoBase loads it. */
export default class WebhookPlugin extends Plugin {}
