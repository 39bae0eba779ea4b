import { Plugin } from '@nocobase/server';

export {
  checkConfig,
  extractPaths,
  inferPaths,
  judge,
  parseQuery,
  signaturePresets,
  verifyBasicAuth,
  verifySignature,
} from './index';
export type { ConfigIssue, Diagnosis, ParseError, PresetName, Scheme, SignedRequest } from './index';

/** The server half of the plugin; NocoBase loads it. */
export default class WebhookPlugin extends Plugin {}
