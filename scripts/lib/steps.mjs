// The named steps of a build, shown with progress and time by listr2: a live list on a terminal, plain lines elsewhere.
import { Listr, PRESET_TIMER } from 'listr2';
import { buildClients, buildNative, buildServer, copyLocale, pack, writeExternalVersions } from './build.mjs';
import { bootStandalone, enablePlugin } from './nocobase.mjs';
import { installRuntime } from './runtime.mjs';
import { ensureSamples } from './samples.mjs';

/**
 * Runs steps one after another; the first error ends the list and is thrown.
 *
 * @template T
 * @param {import('listr2').ListrTask<T>[]} tasks
 * @param {T} [ctx] handed to every step
 * @returns {Promise<T>}
 */
export function runSteps(tasks, ctx) {
  return new Listr(tasks, {
    ctx,
    concurrent: false,
    rendererOptions: { timer: PRESET_TIMER, collapseErrors: false, collapseSkips: false },
    fallbackRendererOptions: { timer: PRESET_TIMER },
  }).run();
}

/** Progress of a step: every report on a terminal, elsewhere (a log file, CI) one in ten seconds. */
function reporter(task) {
  let shown = Date.now();
  return (text) => {
    if (!process.stdout.isTTY && Date.now() - shown < 10_000) return;
    shown = Date.now();
    task.output = text;
  };
}

/** A step that does nothing when its result is up to date, and says so. */
const buildStep = (title, build) => ({
  title,
  task: async (_, task) => {
    const ran = await build(reporter(task));
    if (ran === false) task.title = `${title} (up to date)`;
  },
});

/** From a fresh clone to `dist`: NocoBase comes first, as the version file is made from it. */
export const buildSteps = [
  buildStep('Install NocoBase', installRuntime),
  buildStep('Build the native addon', buildNative),
  buildStep('Bundle the server', buildServer),
  buildStep('Bundle the browser clients', buildClients),
  { title: 'Write locales and versions', task: () => (copyLocale(), writeExternalVersions()) },
];

/** The packed plugin; puts `{ file, hash }` into the context as `plugin`. */
export const packStep = {
  title: 'Pack the plugin',
  task: async (ctx) => {
    ctx.plugin = await pack();
  },
};

/** Starting the app of `npm start`; puts `app`, `origin` and `samples` into the context. */
export const startSteps = (port) => [
  {
    title: `Start NocoBase on port ${port}`,
    task: async (ctx, task) => {
      ctx.app = await bootStandalone(port, reporter(task));
      ctx.origin = `http://localhost:${port}`;
    },
  },
  {
    title: 'Create the sample workflows',
    task: async (ctx, task) => {
      try {
        await ctx.app.login();
      } catch {
        // Whoever changed the password keeps a NocoBase that starts.
        task.title += `: skipped, as ${ctx.app.account.account} cannot sign in (INIT_ROOT_EMAIL and INIT_ROOT_PASSWORD say who can)`;
        ctx.samples = [];
        return;
      }
      await enablePlugin(ctx.app);
      ctx.samples = await ensureSamples(ctx.app, ctx.origin);
    },
  },
];
