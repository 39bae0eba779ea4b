// `npm start`: from a fresh clone to a running NocoBase with the plugin and sample workflows in it.
//
// NocoBase's own variables are honoured (APP_PORT, DB_*, APP_PUBLIC_PATH, ...). What is made is kept in `.nocobase` and
// reused by the next start; without DB_* that is a SQLite database.
import { setTimeout } from 'node:timers/promises';
import { checkMachine, installPackages, main } from './lib/bootstrap.mjs';

await main(async () => {
  checkMachine();
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
  // A Ctrl-C reaches NocoBase too, which may be quicker to end than this process is to hear of it.
  app.exited
    .then(() => setTimeout(300))
    .then(() => {
      if (stopping) return;
      console.error(`NocoBase has ended. The end of its log (${app.logFile}):\n${app.logs().slice(-4000)}`);
      process.exit(1);
    });

  const publicPath = (process.env.APP_PUBLIC_PATH || '/').replace(/\/?$/, '/');
  console.log(`\nNocoBase is running. Admin: ${origin}${publicPath}admin`);
  console.log(`Sign in with ${app.account.account} and the password ${app.account.password}`);
  for (const { title, about, curl } of samples) console.log(`\n${title} (${about})\n${curl}`);
  console.log(`\nIts log is in ${app.logFile}. Press Ctrl-C to stop.`);
});
