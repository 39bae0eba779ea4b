// Counts the instructions of `crates/webhook-core/examples/instructions.rs` with valgrind's callgrind, and compares them with
// the counts that are committed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root, workDir } from '../../scripts/lib/paths.mjs';
import { run } from '../../scripts/lib/run.mjs';

/** What counts hold for: the compiler and its target. Throws where they can't be counted. */
export async function machine() {
  const version = await run('rustc', ['-vV']);
  const field = (name) => version.match(new RegExp(`^${name}: (.*)$`, 'm'))[1];
  const held = { rustc: field('release'), target: field('host') };
  if (!held.target.endsWith('linux-gnu'))
    throw new Error(`callgrind counts on Linux with glibc only, not on ${held.target}`);
  if (!/\bavx2\b/.test(readFileSync('/proc/cpuinfo', 'utf8'))) {
    throw new Error('the counts hold for processors with AVX2, which this one has not: they can not be compared');
  }
  return held;
}

/** What is committed in a file of `bench`, which has to be of the same compiler unless it is written anew. */
export function committed(name, held, { update, command }) {
  const file = join(root, 'bench', name);
  const known = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  if (!update && (known.rustc !== held.rustc || known.target !== held.target)) {
    throw new Error(
      `The counts are those of rustc ${known.rustc} for ${known.target}, and this is rustc ${held.rustc} for ${held.target}: ` +
        'they can not be compared.\nCount with that compiler, or renew them for this one, on the commit before your change, ' +
        `with "npm run ${command} -- --update".`,
    );
  }
  return {
    known,
    write: (content) => writeFileSync(file, `${JSON.stringify({ ...held, ...content }, null, 2)}\n`),
  };
}

/** Builds the program that does the work, and gives its path. */
export async function program() {
  // As the addon is built, but with the names of functions, by which callgrind begins and ends. In a folder of its own, so that
  // neither build throws the other's away.
  const target = join(root, 'target', 'instructions');
  const build = ['build', '--release', '--locked', '--package', 'webhook-core', '--example', 'instructions'];
  await run('cargo', [...build, '--config', 'profile.release.strip=false', '--target-dir', target]);
  return join(target, 'release/examples/instructions');
}

/** The folder for what a script leaves behind, emptied, with the work in a file. */
export function workFile(name, work) {
  const folder = join(workDir, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'work.json');
  writeFileSync(file, JSON.stringify(work));
  return { folder, file };
}

/** Instructions of the functions that `counts` takes, and all allocations, out of what callgrind wrote. */
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
      // The line behind a call has the costs of the callee, which stand where that is.
      if (!isCall && counts(basename(object), name)) counted.instructions += Number(line.split(' ')[1]);
      isCall = false;
    }
  }
  return counted;
}

/** Installs valgrind where that is possible. */
function ensureValgrind() {
  const isThere = () => spawnSync('valgrind', ['--version'], { stdio: 'ignore' }).status === 0;
  if (isThere()) return;
  console.error('Installing valgrind (apt-get) ...');
  const apt = (...args) => spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  apt('update');
  apt('install', '-y', 'valgrind');
  if (!isThere()) throw new Error('valgrind is missing and could not be installed; install it and run this again.');
}

/**
 * Does the work, and gives `{ instructions, allocations }` for each piece by its name.
 *
 * @param name of the script, for its folder
 * @param counts says of a function, given the file it is in and its name, whether it is counted
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
  // One dump for what came before each piece of work, and one for the work.
  return Object.fromEntries(
    work.map(({ name }, index) => [name, read(readFileSync(join(folder, `out.${2 * index + 2}`), 'utf8'), counts)]),
  );
}
