import type { App } from './nocobase.mjs';

/**
 * Creates the sample workflows that were never created before. Returns those that exist, each with a command that sends a
 * request.
 */
export function ensureSamples(app: App, origin: string): Promise<{ title: string; about: string; curl: string }[]>;
