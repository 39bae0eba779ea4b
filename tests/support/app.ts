export { account, bootApp, freePort } from '../../scripts/lib/nocobase.mjs';
export type { App, BootOptions } from '../../scripts/lib/nocobase.mjs';
