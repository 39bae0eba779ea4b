// `npm run soak`: sends a real app events at a steady rate for ten minutes, and prints memory and event-loop delay every minute.
// Options: `npm run soak -- --minutes 2 --rate 20 --dialect postgres`.
import { request, Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { checkMachine, installPackages, main } from './lib/bootstrap.mjs';

// Loaded into the app: logs its memory and event-loop delay.
const probe = `
const { monitorEventLoopDelay } = require('node:perf_hooks');
const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();
setInterval(() => {
  const { rss, heapUsed, external } = process.memoryUsage();
  console.log('SOAK ' + JSON.stringify({ rss, heapUsed, external, p50: delay.percentile(50), p99: delay.percentile(99), max: delay.max }));
  delay.reset();
}, 60000).unref();
`;

await main(async () => {
  checkMachine();
  await installPackages();
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      rate: { type: 'string', default: '20' },
      dialect: { type: 'string', default: 'sqlite' },
    },
  });
  const minutes = Number(values.minutes);
  const rate = Number(values.rate);
  const { buildSteps, packStep, runSteps } = await import('./lib/steps.mjs');
  await runSteps([...buildSteps, packStep], {});
  const { bootApp } = await import('./lib/nocobase.mjs');
  const { createWorkflow } = await import('./lib/workflows.mjs');
  const mb = (bytes) => `${Math.round(bytes / 2 ** 20)} MB`;
  const ms = (nanoseconds) => `${(nanoseconds / 1e6).toFixed(1)} ms`;
  const results = {};
  const print = (line) => {
    const sample = line.match(/^SOAK (.*)$/)?.[1];
    if (!sample) return;
    const { rss, heapUsed, external, p50, p99, max } = JSON.parse(sample);
    console.log(
      `memory ${mb(rss)} (heap ${mb(heapUsed)}, external ${mb(external)}), ` +
        `event-loop delay p50 ${ms(p50)} p99 ${ms(p99)} max ${ms(max)}, responses ${JSON.stringify(results)}`,
    );
  };
  const app = await bootApp({
    dialect: values.dialect,
    env: {
      LOGGER_LEVEL: 'warn',
      NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(`import{createRequire}from'node:module';const require=createRequire('file:///');${probe}`)}`,
    },
    onLine: print,
  });
  try {
    const { url } = await createWorkflow(app, { title: 'soak' });
    const agent = new Agent({ keepAlive: true, maxSockets: 64 });
    const body = JSON.stringify({ id: 1, text: 'x'.repeat(1000) });
    console.log(`${rate} events a second for ${minutes} minutes on ${values.dialect}`);
    const end = Date.now() + minutes * 60_000;
    for (let next = Date.now(); next < end; next += 1000 / rate) {
      await sleep(Math.max(0, next - Date.now()));
      const sent = request(url, { method: 'POST', agent, headers: { 'content-type': 'application/json' } });
      const count = (result) => (results[result] = (results[result] ?? 0) + 1);
      sent.on('response', (response) => response.resume().on('end', () => count(response.statusCode)));
      sent.on('error', (error) => count(error.code));
      sent.end(body);
    }
    await sleep(2000);
    agent.destroy();
    const others = Object.keys(results).filter((result) => result !== '200');
    if (others.length > 0) throw new Error(`expected 200 for every event, but found ${JSON.stringify(results)}`);
  } finally {
    await app.remove();
  }
});
