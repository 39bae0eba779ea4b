// The NocoBase to start and to test with, installed from the registry into an ignored folder.
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { npmEnvironment } from './bootstrap.mjs';
import { root, runtimeDir } from './paths.mjs';
import { run } from './run.mjs';
import { onceFor } from './stamp.mjs';

/**
 * Installs NocoBase with its database drivers into `.nocobase/runtime`, if scripts/runtime has changed since the last time.
 *
 * @param {(progress: string) => void} [report] called with the progress
 * @returns {Promise<boolean>} `false` if it was up to date
 */
export function installRuntime(report = () => {}) {
  const step = {
    name: 'runtime',
    inputs: ['scripts/runtime'],
    outputs: ['.nocobase/runtime/node_modules/@nocobase/app', '.nocobase/runtime/node_modules/sqlite3/build/Release'],
    // sqlite3 is compiled for a specific version of Node's ABI.
    more: process.versions.modules,
  };
  return onceFor(step, async () => {
    mkdirSync(runtimeDir, { recursive: true });
    for (const file of ['package.json', 'package-lock.json']) {
      cpSync(join(root, 'scripts/runtime', file), join(runtimeDir, file));
    }
    const lock = JSON.parse(readFileSync(join(runtimeDir, 'package-lock.json'), 'utf8'));
    const total = Object.keys(lock.packages).length;
    let fetched = 0;
    const onLine = (line) => {
      if (/npm http .*\.tgz /.test(line)) report(`${(fetched += 1)} of about ${total} packages`);
      if (line.startsWith('added ')) report(line);
    };
    // NocoBase's packages have peer dependencies that its own preset doesn't satisfy.
    const args = ['ci', '--legacy-peer-deps', '--no-audit', '--no-fund', '--loglevel=http'];
    await run('npm', args, { cwd: runtimeDir, env: npmEnvironment(), onLine });
  });
}
