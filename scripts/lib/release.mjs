// The one tarball for all platforms, with its manifest, checksums, licences and bill of materials.
import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prebuiltAddon } from './addons.mjs';
import { billOfMaterials, crates, licences } from './components.mjs';
import { packageJson, root, workDir } from './paths.mjs';
import { checkAddon, platforms, PROMISED } from './platforms.mjs';
import { run } from './run.mjs';

const sha256 = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');

/** Returns all addons in `prebuilt` that were built from the present sources, checked. Throws if a promised one is missing. */
export function releasedAddons(all = platforms, promised = PROMISED) {
  const addons = all.flatMap((platform) => {
    const path = prebuiltAddon(platform);
    if (!path) return [];
    const glibc = checkAddon(path, platform);
    return [{ ...platform, ...(glibc ? { glibc } : {}), size: statSync(path).size, sha256: sha256(path) }];
  });
  const missing = promised.filter((target) => !addons.some((addon) => addon.target === target));
  if (missing.length > 0) {
    throw new Error(
      `expected addons of these sources for ${missing.join(', ')} in the folder prebuilt, but found none; ` +
        `build them with: npm run build:addon -- ${missing.join(' ')}`,
    );
  }
  return addons;
}

/**
 * Packs the tarball of a release into the folder `release`, beside its checksums, manifest and bill of materials.
 *
 * @returns {Promise<{ file: string, addons: ReturnType<typeof releasedAddons> }>}
 */
export async function packRelease() {
  const addons = releasedAddons();
  const stage = join(workDir, 'release');
  const target = join(root, 'release');
  for (const folder of [stage, target]) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
  }
  const own = ['package.json', 'README.md', 'LICENSE', ...packageJson.files];
  for (const name of own.filter((file) => existsSync(join(root, file)))) {
    cpSync(join(root, name), join(stage, name), { recursive: true });
  }
  for (const addon of addons) copyFileSync(prebuiltAddon(addon), join(stage, addon.file));

  const components = await crates(addons.map((addon) => addon.target));
  const manifest = {
    name: packageJson.name,
    version: packageJson.version,
    node: packageJson.engines.node,
    addons,
  };
  const write = (name, text) => {
    writeFileSync(join(stage, name), text);
    copyFileSync(join(stage, name), join(target, name));
  };
  write('addons.json', `${JSON.stringify(manifest, null, 2)}\n`);
  write('sbom.cdx.json', `${JSON.stringify(billOfMaterials(components), null, 2)}\n`);
  write('THIRD_PARTY_LICENSES.txt', licences(components));

  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', target];
  const [{ filename }] = JSON.parse(await run('npm', args, { cwd: stage }));
  const files = [filename, 'addons.json', 'sbom.cdx.json', 'THIRD_PARTY_LICENSES.txt'];
  writeFileSync(join(target, 'SHA256SUMS'), files.map((name) => `${sha256(join(target, name))}  ${name}\n`).join(''));
  return { file: join(target, filename), addons };
}
