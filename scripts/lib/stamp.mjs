// Skips steps that are up to date: stores a hash of a step's inputs once the step has succeeded.
// Uses only Node's built-in modules, because it also runs before `npm ci`.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, workDir } from './paths.mjs';

const stampDir = join(workDir, 'stamps');

/** Returns all files in the given files and folders (relative to the repository), sorted. Ignores missing ones. */
function filesBelow(inputs) {
  return inputs
    .filter((input) => existsSync(join(root, input)))
    .flatMap((input) =>
      statSync(join(root, input)).isDirectory()
        ? readdirSync(join(root, input), { recursive: true, withFileTypes: true })
            .filter((entry) => entry.isFile())
            .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
        : [join(root, input)],
    )
    .sort();
}

/**
 * Hashes the names and contents of files.
 *
 * @param {string[]} inputs files and folders, relative to the repository
 * @param {string} [more] anything else that the result depends on, e.g. a version
 */
export function hashOf(inputs, more = '') {
  const hash = createHash('sha256').update(more);
  for (const file of filesBelow(inputs)) {
    // The same on every platform.
    hash.update(`\0${file.slice(root.length).replaceAll('\\', '/')}\0`).update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 16);
}

/** Makes a step run next time, whatever its inputs. */
export const forget = (name) => rmSync(join(stampDir, name), { force: true });

/**
 * Runs a step unless it has run before with the same inputs and its outputs still exist.
 *
 * @param {{ name: string, inputs: string[], outputs: string[], more?: string }} step
 * @param {() => Promise<void> | void} run
 * @returns {Promise<boolean>} whether it ran
 */
export async function onceFor({ name, inputs, outputs, more }, run) {
  const stamp = join(stampDir, name);
  const hash = hashOf(inputs, more);
  const known = existsSync(stamp) && readFileSync(stamp, 'utf8') === hash;
  if (known && outputs.every((output) => existsSync(join(root, output)))) return false;
  forget(name);
  await run();
  mkdirSync(stampDir, { recursive: true });
  writeFileSync(stamp, hash);
  return true;
}
