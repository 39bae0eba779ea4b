import { installedTemplate } from '../../scripts/lib/nocobase.mjs';
import { dialect } from './app';

/** Before any test that boots an app: what the apps are copied from, made once instead of by every test file at once. */
export default async function prepare(): Promise<void> {
  await installedTemplate(dialect);
}
