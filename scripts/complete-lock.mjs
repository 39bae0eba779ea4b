// `npm run lock`: rewrites every package-lock.json so that `npm ci` works on every platform.
//
// npm leaves an optional platform package out of the lock when the registry at hand does not serve it, and `npm ci` then
// refuses the lock everywhere. Name and version of such a package stand in its parent's entry, and its name says the
// platform, so the entry can be written without the registry.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** `@scope/name-linux-arm64-musl` as npm's `os`, `cpu` and `libc` fields. */
function platformOf(name) {
  if (/-wasm32-\w+$/.test(name)) return { cpu: ['wasm32'] };
  const [, system, cpu, abi] =
    /[-/](android|darwin|freebsd|linux|openbsd|openharmony|win32|windows)-([a-z0-9]+)(?:-([a-z]+))?$/.exec(name) ?? [];
  if (!system) throw new Error(`cannot tell the platform of ${name}`);
  const os = system === 'windows' ? 'win32' : system;
  const libc = os === 'linux' && { gnu: 'glibc', gnueabihf: 'glibc', musl: 'musl', musleabihf: 'musl' }[abi];
  return { os: [os], cpu: [cpu], ...(libc ? { libc: [libc] } : {}) };
}

function complete(folder) {
  const cwd = join(root, folder);
  const file = join(cwd, 'package-lock.json');
  // Whoever installs has a registry of their own: the lock names none.
  const args = ['install', '--package-lock-only', '--legacy-peer-deps', '--omit-lockfile-registry-resolved'];
  execFileSync('npm', args, { cwd, stdio: 'inherit', shell: true });

  const lock = JSON.parse(readFileSync(file, 'utf8'));
  const known = new Set(Object.keys(lock.packages).map((path) => path.slice(path.lastIndexOf('node_modules/') + 13)));
  const missing = Object.values(lock.packages)
    .flatMap(({ optionalDependencies = {}, dev }) =>
      Object.entries(optionalDependencies).map((entry) => [...entry, dev]),
    )
    .filter(([name]) => !known.has(name));
  for (const [name, version, dev] of missing) {
    lock.packages[`node_modules/${name}`] = { version, ...platformOf(name), ...(dev ? { dev } : {}), optional: true };
  }
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`${file}: ${missing.length} platform packages added`);
}

for (const folder of ['.', 'scripts/runtime', 'scripts/services']) complete(folder);
