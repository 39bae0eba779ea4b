// `npm run build:addon`: builds the addon for this machine into `prebuilt`, as a release has it. `npm run build:addon -- TARGET…`
// builds it for other platforms, e.g. `aarch64-unknown-linux-gnu`.
import { buildAddon } from './lib/addons.mjs';
import { checkMachine, main } from './lib/bootstrap.mjs';
import { ownPlatform } from './lib/platforms.mjs';

await main(async () => {
  checkMachine();
  const targets = process.argv.slice(2);
  if (targets.length === 0) targets.push(ownPlatform()?.target ?? `${process.platform}-${process.arch}`);
  for (const target of targets) console.log(await buildAddon(target, (line) => console.log(line)));
});
