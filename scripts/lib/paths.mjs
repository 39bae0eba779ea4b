// The project's paths. Uses only Node's built-in modules, because it also runs before `npm ci`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository, without a trailing slash. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');

/** Everything generated and ignored by git: the installed NocoBase, the apps, the packed plugin. */
export const workDir = join(root, '.nocobase');

/** The installed NocoBase, with its packages in `node_modules`. */
export const runtimeDir = join(workDir, 'runtime');

/** The plugin's package.json. */
export const packageJson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
