// The NocoBase to start and to test with, installed from the registry into an ignored folder.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { npmEnvironment } from './bootstrap.mjs';
import { root, runtimeDir } from './paths.mjs';
import { run } from './run.mjs';
import { onceFor } from './stamp.mjs';

/** Another version of NocoBase than the locked one, to test with. */
const { NOCOBASE_VERSION } = process.env;

/**
 * Installs NocoBase with its database drivers into `.nocobase/runtime`, if scripts/runtime or `NOCOBASE_VERSION` has changed since the
 * last time.
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
    more: `${process.versions.modules} ${NOCOBASE_VERSION ?? ''}`,
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
    if (NOCOBASE_VERSION) useVersion(NOCOBASE_VERSION);
    // NocoBase's packages have peer dependencies that its own preset doesn't satisfy.
    const args = [
      NOCOBASE_VERSION ? 'install' : 'ci',
      '--legacy-peer-deps',
      '--no-audit',
      '--no-fund',
      '--loglevel=http',
    ];
    await run('npm', args, { cwd: runtimeDir, env: npmEnvironment(), onLine });
  });
}

/** Puts another version into the package.json. What is locked is the versions that belong to the usual one. */
function useVersion(version) {
  const file = join(runtimeDir, 'package.json');
  const content = JSON.parse(readFileSync(file, 'utf8'));
  content.dependencies['@nocobase/app'] = version;
  writeFileSync(file, JSON.stringify(content, null, 2));
  rmSync(join(runtimeDir, 'package-lock.json'));
}
