import { Plugin } from '@nocobase/server';

export {
  checkConfig,
  extractPaths,
  inferPaths,
  judge,
  matchAddress,
  parseQuery,
  signaturePresets,
  verifyBasicAuth,
  verifySignature,
} from './index';
export type {
  ConfigIssue,
  Diagnosis,
  JwtScheme,
  ParseError,
  PresetName,
  Scheme,
  SignatureScheme,
  SignedRequest,
  TokenScheme,
} from './index';

/** The server half of the plugin; NocoBase loads it. */
export default class WebhookPlugin extends Plugin {}
