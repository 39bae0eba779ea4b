// The plugin as it was at version 0.1.0, built from this repository's history, to test upgrades from it.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, workDir } from './paths.mjs';
import { run } from './run.mjs';
import { onceFor } from './stamp.mjs';

/** The last commit of version 0.1.0. */
const COMMIT = 'eb08a66170b49785552f95a4a82fc834b6d2b4aa';

const folder = join(workDir, 'previous');

/**
 * Builds and packs it once, in a clone of its own. Returns the tarball.
 *
 * @param {(line: string) => void} [onLine] called with the progress
 * @returns {Promise<string>}
 */
export async function packPrevious(onLine) {
  const step = { name: 'previous', inputs: [], outputs: ['.nocobase/previous/.nocobase/pack'], more: COMMIT };
  await onceFor(step, async () => {
    rmSync(folder, { recursive: true, force: true });
    await run('git', ['clone', '--quiet', '--no-checkout', root, folder]);
    await run('git', ['checkout', '--quiet', COMMIT], { cwd: folder });
    await run('npm', ['run', 'pack:plugin'], { cwd: folder, onLine });
  });
  const packed = join(folder, '.nocobase/pack');
  return join(
    packed,
    readdirSync(packed).find((name) => name.endsWith('.tgz')),
  );
}
