// Counts the instructions of `crates/webhook-core/examples/instructions.rs` with valgrind's callgrind, and reads and writes the
// committed counts.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root, workDir } from '../../scripts/lib/paths.mjs';
import { run } from '../../scripts/lib/run.mjs';

/** Returns what counts depend on: the compiler and its target. Throws if this machine can't count. */
export async function machine() {
  const version = await run('rustc', ['-vV']);
  const field = (name) => version.match(new RegExp(`^${name}: (.*)$`, 'm'))[1];
  const held = { rustc: field('release'), target: field('host') };
  if (!held.target.endsWith('linux-gnu'))
    throw new Error(`expected Linux with glibc, the only platform with comparable counts, but found ${held.target}`);
  if (!/\bavx2\b/.test(readFileSync('/proc/cpuinfo', 'utf8'))) {
    throw new Error('expected a processor with AVX2: the counts of others are not comparable');
  }
  return held;
}

/** Returns the committed counts in a file of `bench`. They have to be from the same compiler, except for an update. */
export function committed(name, held, { update, command }) {
  const file = join(root, 'bench', name);
  const known = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  if (!update && (known.rustc !== held.rustc || known.target !== held.target)) {
    throw new Error(
      `Expected rustc ${known.rustc} for ${known.target}, which the committed counts are from, ` +
        `but found rustc ${held.rustc} for ${held.target}.\nUse that compiler, or update the counts for this one ` +
        `with "npm run ${command} -- --update" on the commit before your change.`,
    );
  }
  return {
    known,
    write: (content) => writeFileSync(file, `${JSON.stringify({ ...held, ...content }, null, 2)}\n`),
  };
}

/** Builds the program that does the work, and returns its path. */
export async function program() {
  // Built like the addon, but with the function names at which callgrind starts and stops. Uses its own folder, so that the
  // two builds don't discard each other's results.
  const target = join(root, 'target', 'instructions');
  const build = ['build', '--release', '--locked', '--package', 'webhook-core', '--example', 'instructions'];
  await run('cargo', [...build, '--config', 'profile.release.strip=false', '--target-dir', target]);
  return join(target, 'release/examples/instructions');
}

/** Empties a script's folder and writes the work into a file there. Returns both paths. */
export function workFile(name, work) {
  const folder = join(workDir, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'work.json');
  writeFileSync(file, JSON.stringify(work));
  return { folder, file };
}

/** Parses callgrind's output. Returns the instructions of the functions that `counts` selects, and all allocations. */
function read(text, counts) {
  let object = '';
  let name = '';
  let callee = '';
  let isCall = false;
  const counted = { instructions: 0, allocations: 0 };
  for (const line of text.split('\n')) {
    const [, key, value] = line.match(/^(ob|fn|cfn|calls)=(.*)$/) ?? [];
    if (key === 'ob') object = value;
    else if (key === 'fn') name = value;
    else if (key === 'cfn') callee = value;
    else if (key === 'calls') {
      isCall = true;
      if (/^(malloc|calloc|realloc|posix_memalign|aligned_alloc)\b/.test(callee))
        counted.allocations += Number.parseInt(value);
    } else if (/^[\d+*-]/.test(line)) {
      // The line after a call contains the costs of the callee, which are counted there.
      if (!isCall && counts(basename(object), name)) counted.instructions += Number(line.split(' ')[1]);
      isCall = false;
    }
  }
  return counted;
}

/** Installs valgrind if it is missing. */
function ensureValgrind() {
  const isThere = () => spawnSync('valgrind', ['--version'], { stdio: 'ignore' }).status === 0;
  if (isThere()) return;
  console.error('Installing valgrind (apt-get) ...');
  const apt = (...args) => spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  apt('update');
  apt('install', '-y', 'valgrind');
  if (!isThere()) throw new Error('valgrind is missing and could not be installed. Please install it and try again.');
}

/**
 * Does the work and returns `{ instructions, allocations }` of each piece by its name.
 *
 * @param name the name of the script, for its folder
 * @param counts returns whether a function is counted, given its object file and its name
 */
export async function count(name, work, counts) {
  const executable = await program();
  ensureValgrind();
  const { folder, file } = workFile(name, work);
  const callgrind = [
    '--tool=callgrind',
    '--dump-before=instructions::measured',
    '--dump-after=instructions::measured',
    '--compress-strings=no',
    '--compress-pos=no',
    `--callgrind-out-file=${join(folder, 'out')}`,
  ];
  await run('valgrind', [...callgrind, executable, file]);
  const dumps = readdirSync(folder).filter((file) => /^out\.\d+$/.test(file));
  if (dumps.length < 2 * work.length) throw new Error(`expected ${work.length} counts, but found ${dumps.length / 2}`);
  // There are two dumps for each piece of work: one for what came before, one for the work itself.
  return Object.fromEntries(
    work.map(({ name }, index) => [name, read(readFileSync(join(folder, `out.${2 * index + 2}`), 'utf8'), counts)]),
  );
}
