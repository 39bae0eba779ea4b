import { packPrevious } from '../../scripts/lib/previous.mjs';

/** Builds version 0.1.0 before any test, which takes minutes the first time. */
export default async function prepare(): Promise<void> {
  await packPrevious((line) => console.log(line));
}
