// `npm run build`: builds everything the package contains, except what is up to date.
// `npm run pack:plugin` (`--pack`): also packs the tarball and prints its path.
import { checkMachine, installPackages, main } from './lib/bootstrap.mjs';

await main(async () => {
  checkMachine();
  await installPackages();
  const { buildSteps, packStep, runSteps } = await import('./lib/steps.mjs');
  const packing = process.argv.includes('--pack');
  const { plugin } = await runSteps([...buildSteps, ...(packing ? [packStep] : [])], {});
  if (plugin) console.log(plugin.file);
});
