// `npm run lock`: updates every package-lock.json so that `npm ci` works on every platform.
//
// npm omits an optional platform package from the lock if the registry in use doesn't serve it, and `npm ci` then rejects
// the lock everywhere. The parent's entry contains the name and version of such a package, and the name contains the
// platform, so the entry can be added without the registry.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Returns npm's `os`, `cpu` and `libc` fields for a name such as `@scope/name-linux-arm64-musl`. */
function platformOf(name) {
  if (/-wasm32-\w+$/.test(name)) return { cpu: ['wasm32'] };
  const [, system, cpu, abi] =
    /[-/](android|darwin|freebsd|linux|openbsd|openharmony|win32|windows)-([a-z0-9]+)(?:-([a-z]+))?$/.exec(name) ?? [];
  if (!system) throw new Error(`expected a name that ends with a platform, but found ${name}`);
  const os = system === 'windows' ? 'win32' : system;
  const libc = os === 'linux' && { gnu: 'glibc', gnueabihf: 'glibc', musl: 'musl', musleabihf: 'musl' }[abi];
  return { os: [os], cpu: [cpu], ...(libc ? { libc: [libc] } : {}) };
}

function complete(folder) {
  const cwd = join(root, folder);
  const file = join(cwd, 'package-lock.json');
  // The lock names no registry, since everyone uses their own.
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
  console.log(`${file}: added ${missing.length} platform packages`);
}

for (const folder of ['.', 'scripts/runtime', 'scripts/services']) complete(folder);
