// "Is this step's result still good?": a hash over the files that go into it, kept once the step has succeeded.
// Only Node builtins: this runs before `npm ci` too.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, workDir } from './paths.mjs';

const stampDir = join(workDir, 'stamps');

/** Every file below the given files and folders (relative to the repository), sorted; what is not there is left out. */
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
 * A hash over names and contents of files.
 *
 * @param {string[]} inputs files and folders, relative to the repository
 * @param {string} [more] what else the result depends on, e.g. a version
 */
export function hashOf(inputs, more = '') {
  const hash = createHash('sha256').update(more);
  for (const file of filesBelow(inputs)) {
    hash.update(`\0${file.slice(root.length)}\0`).update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 16);
}

/** Makes a step run the next time, whatever its inputs. */
export const forget = (name) => rmSync(join(stampDir, name), { force: true });

/**
 * Runs a step unless it ran before with the same inputs and its outputs are still there.
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
