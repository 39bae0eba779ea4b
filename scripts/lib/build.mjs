// Builds the contents of the package: the addon, the server bundle, the two browser bundles, and NocoBase's version file.
import { build as esbuild } from 'esbuild';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { build as vite } from 'vite';
import { ownPrebuilt, sources } from './addons.mjs';
import { packageJson, root, runtimeDir, workDir } from './paths.mjs';
import { run } from './run.mjs';
import { forget, hashOf, onceFor } from './stamp.mjs';

/** The two browser clients of NocoBase 2.2: the folder, and the AMD module id under which it requests the plugin. */
const lanes = [
  { folder: 'client', id: packageJson.name },
  { folder: 'client-v2', id: `${packageJson.name}/client-v2` },
];

/**
 * The AMD modules that both clients define; everything else has to be bundled. Source: `globalDeps.ts` of @nocobase/client,
 * and the modules that enabled plugins define.
 */
const browserModules = [
  /^react(-dom)?$/,
  'react/jsx-runtime',
  /^react-router(-dom)?$/,
  /^antd(-style)?$/,
  /^@ant-design\/(icons|cssinjs)$/,
  /^(react-)?i18next$/,
  /^@formily\/(antd-v5|core|react|reactive|shared)$/,
  '@emotion/css',
  /^(ahooks|lodash|dayjs|axios|file-saver)$/,
  '@ctrl/tinycolor',
  /^@dnd-kit\/(core|sortable)$/,
  /^@nocobase\/(client|client-v2|flow-engine)$/,
  /^@nocobase\/(utils|evaluators)(\/client)?$/,
  /^@nocobase\/plugin-[a-z-]+\/client(-v2)?$/,
];

/** The modules that NocoBase provides on the server, and `../../index.js`, the package's own loader of the addon. */
const serverModules = ['@nocobase/*', 'joi', '../../index.js'];

/**
 * Builds the addon for this platform in release mode, with index.js and index.d.ts. Returns `false` if it was up to date.
 *
 * A prebuilt addon of the same sources is used instead; index.js and index.d.ts are the committed ones then.
 */
export function buildNative(report = () => {}) {
  const step = {
    name: 'native',
    inputs: [...sources, 'package.json'],
    outputs: ['index.js', 'index.d.ts'],
    more: `${process.platform} ${process.arch}`,
  };
  if (addons().length === 0) forget(step.name);
  return onceFor(step, async () => {
    const prebuilt = ownPrebuilt();
    if (prebuilt) copyFileSync(prebuilt, join(root, basename(prebuilt)));
    else await run('npm', ['run', 'build:native'], { onLine: report });
  });
}

const addons = () => readdirSync(root).filter((file) => file.endsWith('.node'));

/** Builds the server bundle and the API description. Returns `false` if they were up to date. */
export function buildServer() {
  const entries = ['server', 'swagger'].filter((folder) => existsSync(join(root, 'src', folder, 'index.ts')));
  const step = {
    name: 'server',
    inputs: ['src/server', 'src/swagger', 'src/common', 'package-lock.json', 'scripts/lib/build.mjs'],
    outputs: [...entries.map((folder) => `dist/${folder}/index.js`), '.nocobase/build/server.json'],
  };
  return onceFor(step, async () => {
    const { metafile } = await esbuild({
      absWorkingDir: root,
      entryPoints: entries.map((folder) => ({ in: `src/${folder}/index.ts`, out: `${folder}/index` })),
      outdir: 'dist',
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'cjs',
      external: serverModules,
      metafile: true,
      logLevel: 'silent',
    });
    const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
    keepExternals(
      'server',
      imports.filter((entry) => entry.external).map((entry) => entry.path),
    );
  });
}

/** Builds the bundles of both browser clients. Returns `false` if they were up to date. */
export async function buildClients() {
  let built = false;
  for (const { folder, id } of lanes) {
    const step = {
      name: folder,
      inputs: ['src/client', 'src/client-v2', 'src/common', 'package-lock.json', 'scripts/lib/build.mjs'],
      outputs: [`dist/${folder}/index.js`, `.nocobase/build/${folder}.json`],
    };
    built = (await onceFor(step, () => buildClient(folder, id))) || built;
  }
  return built;
}

async function buildClient(folder, id) {
  const output = await vite({
    configFile: false,
    root,
    logLevel: 'error',
    publicDir: false,
    esbuild: { jsx: 'automatic' },
    define: { 'process.env.NODE_ENV': '"production"' },
    build: {
      outDir: `dist/${folder}`,
      emptyOutDir: true,
      target: 'es2020',
      lib: { entry: join(root, 'src', folder, 'index.tsx'), formats: ['umd'], name: id, fileName: () => 'index.js' },
      rollupOptions: {
        external: browserModules,
        output: {
          amd: { id },
          exports: 'named',
          globals: (module) => module,
          // NocoBase's loader requests one file per plugin, and would look for other chunks in the wrong place.
          inlineDynamicImports: true,
        },
      },
    },
  });
  const chunks = [output].flat().flatMap((result) => result.output);
  keepExternals(
    folder,
    chunks.flatMap((chunk) => chunk.imports ?? []),
  );
}

function keepExternals(bundle, modules) {
  mkdirSync(join(workDir, 'build'), { recursive: true });
  writeFileSync(join(workDir, 'build', `${bundle}.json`), JSON.stringify([...new Set(modules)]));
}

/** Copies the translations and the skills of AI employees, which NocoBase reads from `dist/locale` and `dist/ai`. */
export function copyTexts() {
  for (const folder of ['locale', 'ai']) {
    rmSync(join(root, 'dist', folder), { recursive: true, force: true });
    cpSync(join(root, 'src', folder), join(root, 'dist', folder), { recursive: true });
  }
}

/**
 * Writes `dist/externalVersion.js`, from which NocoBase determines whether a plugin is compatible: the version of every
 * package that NocoBase shares with the bundles. They are read from the same file of NocoBase's own plugins.
 *
 * NocoBase's own packages are left out: their entries are compared by major and minor version, and would reject the plugin in the
 * next minor version although nothing that it uses has changed. It checks on load what it uses, and these entries only say
 * that e.g. React is still the one it was built for.
 */
export function writeExternalVersions() {
  const scope = join(runtimeDir, 'node_modules', '@nocobase');
  const known = Object.assign(
    {},
    ...readdirSync(scope)
      .map((name) => join(scope, name, 'dist', 'externalVersion.js'))
      .filter((file) => existsSync(file))
      .map((file) => JSON.parse(readFileSync(file, 'utf8').match(/module\.exports = (\{[^]*\});/)[1])),
  );
  const packages = ['server', ...lanes.map(({ folder }) => folder)]
    .flatMap((bundle) => JSON.parse(readFileSync(join(workDir, 'build', `${bundle}.json`), 'utf8')))
    .filter((module) => !/^(\.|node:|@nocobase\/)/.test(module))
    .map((module) =>
      module
        .split('/')
        .slice(0, module.startsWith('@') ? 2 : 1)
        .join('/'),
    );
  const versions = {};
  for (const name of [...new Set(packages)].sort()) {
    if (known[name]) versions[name] = known[name];
  }
  writeFileSync(join(root, 'dist', 'externalVersion.js'), `module.exports = ${JSON.stringify(versions, null, 2)};\n`);
}

/**
 * Packs the tarball to publish and upload, unless its contents are unchanged.
 *
 * @returns {Promise<{ file: string, hash: string }>} its path and a hash of its contents
 */
export async function pack() {
  const { files } = packageJson;
  const contents = files.flatMap((file) => (file === '*.node' ? addons() : [file]));
  const hash = hashOf(['package.json', 'README.md', 'LICENSE', ...contents]);
  const file = join(workDir, 'pack', `${packageJson.name}-${packageJson.version}-${hash}.tgz`);
  if (!existsSync(file)) {
    rmSync(join(workDir, 'pack'), { recursive: true, force: true });
    mkdirSync(join(workDir, 'pack'), { recursive: true });
    const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', join(workDir, 'pack')];
    const [{ filename }] = JSON.parse(await run('npm', args));
    renameSync(join(workDir, 'pack', filename), file);
  }
  return { file, hash };
}
