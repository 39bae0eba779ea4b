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

/**
 * Progress of a step: every report on a terminal, below the step; elsewhere (a log file, CI) one in ten seconds, which names
 * the step, as others may report at the same time.
 */
function reporter(task) {
  let shown = Date.now();
  const { title } = task;
  return (text) => {
    if (process.stdout.isTTY) {
      task.output = text;
    } else if (Date.now() - shown >= 10_000) {
      shown = Date.now();
      task.output = `${title}: ${text}`;
    }
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

/**
 * Steps that run at the same time. As with `make -j`, the first error waits for the others to end: their processes would
 * otherwise go on without anybody to see how they end.
 */
const together = (title, steps) => ({
  title,
  task: (_, parent) => {
    const running = [];
    const started = steps.map(({ title, task }) => ({
      title,
      task: async (ctx, own) => {
        const end = task(ctx, own);
        running.push(end);
        try {
          await end;
        } catch (error) {
          own.title = `${title} (failed; the steps beside it end first)`;
          await Promise.allSettled(running);
          throw error;
        }
      },
    }));
    return parent.newListr(started, { concurrent: true, rendererOptions: { collapseSubtasks: false } });
  },
});

/** The native addon alone. */
export const nativeStep = buildStep('Build the native addon', buildNative);

/** From a fresh clone to `dist`. The version file comes last, as it is made from NocoBase and the bundles. */
export const buildSteps = [
  together('Install NocoBase, build the native addon', [buildStep('Install NocoBase', installRuntime), nativeStep]),
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
