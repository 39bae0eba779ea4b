// `npm run build`: everything the package ships, skipping what is up to date.
// `npm run pack:plugin` (`--pack`) goes on to the tarball and prints where it is.
import { checkMachine, installPackages, main } from './lib/bootstrap.mjs';

await main(async () => {
  checkMachine();
  await installPackages();
  const { buildSteps, packStep, runSteps } = await import('./lib/steps.mjs');
  const packing = process.argv.includes('--pack');
  const { plugin } = await runSteps([...buildSteps, ...(packing ? [packStep] : [])], {});
  if (plugin) console.log(plugin.file);
});
