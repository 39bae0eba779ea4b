// `npm run release`: builds the addons for all promised platforms, and packs one tarball for every platform into the folder `release`:
// with the addons for other platforms that are in `prebuilt`, checksums, a manifest, the licences of all crates and an SBOM.
// `-- --packed` builds no addon: all promised ones have to be in `prebuilt` already.
import { checkMachine, installPackages, main } from './lib/bootstrap.mjs';

await main(async () => {
  checkMachine();
  await installPackages();
  const { buildSteps, releaseSteps, runSteps } = await import('./lib/steps.mjs');
  const { release } = await runSteps([...buildSteps, ...releaseSteps(!process.argv.includes('--packed'))], {});
  for (const { file, glibc, size } of release.addons) {
    console.log(`${file}: ${(size / 1e6).toFixed(1)} MB${glibc ? `, glibc ${glibc} or newer` : ''}`);
  }
  console.log(release.file);
});
