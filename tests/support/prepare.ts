import { installedTemplate } from '../../scripts/lib/nocobase.mjs';
import { dialect } from './app';

/** Prepares the template that apps are copied from, once before all tests instead of in every test file at the same time. */
export default async function prepare(): Promise<void> {
  await installedTemplate(dialect);
}
