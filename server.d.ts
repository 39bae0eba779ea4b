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
  DiagnosisSubject,
  InferredPaths,
  Judgement,
  JwtScheme,
  ParsedValues,
  ParseError,
  ParseFailure,
  PresetName,
  RequestHeaders,
  SampleKind,
  Scheme,
  SignatureForm,
  SignatureHint,
  SignatureResult,
  SignatureScheme,
  TokenScheme,
  ValueSource,
  Variables,
  WebhookRequest,
} from './index';

/** The server half of the plugin; NocoBase loads it. */
export default class WebhookPlugin extends Plugin {}
