import type { App } from './nocobase.mjs';

/**
 * Creates the sample workflows that were never created before; returns those that are there, each with a command line
 * that runs it.
 */
export function ensureSamples(app: App, origin: string): Promise<{ title: string; about: string; curl: string }[]>;
