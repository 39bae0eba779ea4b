// Where the project keeps what it makes. Only Node builtins: this runs before `npm ci` too.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository, without a trailing slash. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');

/** Everything made at run time and ignored by git: the installed NocoBase, the apps, the packed plugin. */
export const workDir = join(root, '.nocobase');

/** The installed NocoBase; its packages are in `node_modules` below. */
export const runtimeDir = join(workDir, 'runtime');

/** The plugin's package.json. */
export const packageJson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
