// The crates that are part of the addon, with their licences: as a text to hand on, and as a software bill of materials (SBOM).
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packageJson, root } from './paths.mjs';
import { run } from './run.mjs';

/** Whether an edge of the graph leads to what is compiled in. */
const isLinked = ({ dep_kinds: kinds }) => kinds.some(({ kind }) => kind === null);

/**
 * Returns the crates that the addon consists of on any of the targets, without our own, sorted by name and version.
 *
 * @param {string[]} targets
 */
export async function crates(targets) {
  const filter = targets.flatMap((target) => ['--filter-platform', target]);
  const output = await run('cargo', ['metadata', '--locked', '--format-version', '1', ...filter]);
  const { packages, resolve } = JSON.parse(output);
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
  const linked = new Set();
  const visit = (id) => {
    if (linked.has(id)) return;
    linked.add(id);
    nodes
      .get(id)
      .deps.filter(isLinked)
      .forEach(({ pkg }) => visit(pkg));
  };
  visit(resolve.root);
  const order = new Intl.Collator('en').compare;
  return packages
    .filter(({ id, source }) => source && linked.has(id))
    .sort((a, b) => order(a.name, b.name) || order(a.version, b.version));
}

/**
 * Returns the licences of crates, each text once with the crates it covers.
 *
 * A crate without a file of its own has that of another one of the same repository.
 *
 * @param {Awaited<ReturnType<typeof crates>>} all
 */
export function licences(all) {
  const texts = new Map();
  for (const crate of all) {
    const siblings = all.filter(({ repository }) => repository && repository === crate.repository);
    const files = [crate, ...siblings].map(licenceFiles).find((found) => found.length > 0) ?? otherFiles(crate);
    if (files.length === 0)
      throw new Error(`expected a licence file of ${crate.name} ${crate.version}, but found none`);
    for (const file of files) {
      const text = readFileSync(file, 'utf8').replaceAll('\r', '').trim();
      texts.set(text, [...(texts.get(text) ?? []), `${crate.name} ${crate.version} (${crate.license})`]);
    }
  }
  const intro = `Licences of the crates in the native addon of ${packageJson.name} ${packageJson.version}`;
  const line = '='.repeat(80);
  return [intro, ...[...texts].map(([text, names]) => `${names.join('\n')}\n\n${text}`)].join(`\n\n${line}\n\n`) + '\n';
}

function licenceFiles({ manifest_path: manifest }) {
  const folder = dirname(manifest);
  return readdirSync(folder)
    .filter((name) => /^(UN)?LICEN[CS]E|^COPYING|^NOTICE/i.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/** The crates of napi-rs have no licence file; the npm package of the same repository does. */
function otherFiles({ repository }) {
  const file = join(root, 'node_modules/@napi-rs/cli/LICENSE');
  return repository === 'https://github.com/napi-rs/napi-rs' && existsSync(file) ? [file] : [];
}

/**
 * Returns the bill of materials of the addon in the form of CycloneDX 1.5.
 *
 * @param {Awaited<ReturnType<typeof crates>>} all
 */
export function billOfMaterials(all) {
  const purl = ({ name, version }) => `pkg:cargo/${name}@${version}`;
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: {
      component: {
        type: 'library',
        'bom-ref': 'addon',
        name: packageJson.name,
        version: packageJson.version,
        licenses: [{ license: { id: packageJson.license } }],
        purl: `pkg:npm/${packageJson.name}@${packageJson.version}`,
      },
    },
    components: all.map((crate) => ({
      type: 'library',
      'bom-ref': purl(crate),
      name: crate.name,
      version: crate.version,
      // Cargo's old form `MIT/Apache-2.0` means OR.
      licenses: [{ expression: crate.license.replaceAll('/', ' OR ') }],
      purl: purl(crate),
      ...(crate.repository ? { externalReferences: [{ type: 'vcs', url: crate.repository }] } : {}),
    })),
    dependencies: [{ ref: 'addon', dependsOn: all.map(purl) }],
  };
}
