import { native, type Native } from './native';

export { WebhookPlugin as default } from './Plugin';

// The functions for plugin authors; index.d.ts documents them. Each loads the addon when it is first called.
export const inferPaths: Native['inferPaths'] = (sample, kind) => native().inferPaths(sample, kind);
export const extractPaths: Native['extractPaths'] = (body, paths) => native().extractPaths(body, paths);
export const parseQuery: Native['parseQuery'] = (query) => native().parseQuery(query);
export const verifyBasicAuth: Native['verifyBasicAuth'] = (authorization, username, password) =>
  native().verifyBasicAuth(authorization, username, password);
export const verifySignature: Native['verifySignature'] = (scheme, secrets, request, now) =>
  native().verifySignature(scheme, secrets, request, now);
export const signaturePresets: Native['signaturePresets'] = () => native().signaturePresets();
export const matchAddress: Native['matchAddress'] = (ranges, address) => native().matchAddress(ranges, address);
export const checkConfig: Native['checkConfig'] = (config) => native().checkConfig(config);
export const judge: Native['judge'] = (config, request) => native().judge(config, request);
