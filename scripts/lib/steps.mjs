// The steps of a build, displayed with progress and duration by listr2: a live list on a terminal, plain lines elsewhere.
import { Listr, PRESET_TIMER } from 'listr2';
import { buildAddon } from './addons.mjs';
import { buildClients, buildNative, buildServer, copyTexts, pack, writeExternalVersions } from './build.mjs';
import { bootStandalone, enablePlugin } from './nocobase.mjs';
import { PROMISED } from './platforms.mjs';
import { packRelease } from './release.mjs';
import { installRuntime } from './runtime.mjs';
import { ensureSamples } from './samples.mjs';

/**
 * Runs steps one after another. Throws the first error and skips the remaining steps.
 *
 * @template T
 * @param {import('listr2').ListrTask<T>[]} tasks
 * @param {T} [ctx] passed to every step
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
 * Returns a function that reports the progress of a step. On a terminal every report is displayed below the step; elsewhere
 * (a log file, CI) one per ten seconds is printed with the step's title, since other steps may report at the same time.
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

/** A step that is skipped, and marked, if its result is up to date. */
const buildStep = (title, build) => ({
  title,
  task: async (_, task) => {
    const ran = await build(reporter(task));
    if (ran === false) task.title = `${title} (up to date)`;
  },
});

/**
 * Steps that run in parallel. As with `make -j`, the first error waits for the other steps, whose processes would otherwise
 * continue unobserved.
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
          own.title = `${title} (failed; waiting for the parallel steps)`;
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

/** From a fresh clone to `dist`. The version file comes last: it depends on NocoBase and the bundles. */
export const buildSteps = [
  together('Install NocoBase and build the native addon', [buildStep('Install NocoBase', installRuntime), nativeStep]),
  buildStep('Bundle the server', buildServer),
  buildStep('Bundle the browser clients', buildClients),
  { title: 'Write texts and versions', task: () => (copyTexts(), writeExternalVersions()) },
];

/** Packs the plugin; adds `plugin: { file, hash }` to the context. */
export const packStep = {
  title: 'Pack the plugin',
  task: async (ctx) => {
    ctx.plugin = await pack();
  },
};

/** Packs the tarball of a release; adds `release: { file, addons }` to the context. */
export const releaseSteps = (building) => [
  ...PROMISED.filter(() => building).map((target) => ({
    title: `Build the addon for ${target}`,
    task: (_, task) => buildAddon(target, reporter(task)),
  })),
  {
    title: 'Pack the release',
    task: async (ctx) => {
      ctx.release = await packRelease();
    },
  },
];

/** Starts the app of `npm start`; adds `app`, `origin` and `samples` to the context. */
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
        // NocoBase still starts after its password was changed.
        task.title += `: skipped, because ${ctx.app.account.account} cannot sign in (set INIT_ROOT_EMAIL and INIT_ROOT_PASSWORD)`;
        ctx.samples = [];
        return;
      }
      await enablePlugin(ctx.app);
      ctx.samples = await ensureSamples(ctx.app, ctx.origin);
    },
  },
];
