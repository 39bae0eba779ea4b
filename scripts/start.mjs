// `npm start`: builds the plugin, or uses the addon in `prebuilt` that was built from the same sources, and starts a NocoBase with it and with sample workflows.
//
// NocoBase's own variables apply (APP_PORT, DB_*, APP_PUBLIC_PATH, ...). Everything is stored in `.nocobase` and reused by
// the next start, including a SQLite database if DB_* isn't set.
import { setTimeout } from 'node:timers/promises';
import { ownPrebuilt } from './lib/addons.mjs';
import { checkMachine, installPackages, main } from './lib/bootstrap.mjs';

await main(async () => {
  checkMachine({ compiles: !ownPrebuilt() });
  await installPackages();
  const { buildSteps, packStep, runSteps, startSteps } = await import('./lib/steps.mjs');

  const port = Number(process.env.APP_PORT || 13000);
  const context = await runSteps([...buildSteps, packStep, ...startSteps(port)], {});
  const { app, origin, samples } = context;

  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    console.log('\nStopping NocoBase ...');
    await main(() => app.stop());
    console.log('Stopped.');
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
  // Ctrl-C reaches NocoBase too, which may exit before this process handles the signal.
  app.exited
    .then(() => setTimeout(300))
    .then(() => {
      if (stopping) return;
      console.error(`NocoBase exited unexpectedly. The end of its log (${app.logFile}):\n${app.logs().slice(-4000)}`);
      process.exit(1);
    });

  const publicPath = (process.env.APP_PUBLIC_PATH || '/').replace(/\/?$/, '/');
  console.log(`\nNocoBase is running at ${origin}${publicPath}admin`);
  console.log(`Sign in as ${app.account.account} with the password ${app.account.password}`);
  for (const { title, about, curl } of samples) console.log(`\n${title} (${about})\n${curl}`);
  console.log(`\nLog file: ${app.logFile}\nPress Ctrl-C to stop.`);
});
