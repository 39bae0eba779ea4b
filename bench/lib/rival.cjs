// What a good engineer would write by hand: a plugin with a resource action that checks the caller, picks the variables
// and calls `plugin.trigger`. Loaded before NocoBase (`node --require`) into the app that has our plugin too, so that both
// sides are measured in one process. It also has what the benchmarks ask the process for.
const { timingSafeEqual, createHash } = require('node:crypto');
const { monitorEventLoopDelay } = require('node:perf_hooks');
const { readFileSync, writeFileSync } = require('node:fs');
const { onAppLoad } = require('../../scripts/lib/app-load.cjs');

onAppLoad({ after: register });

function register(app) {
  const { default: PluginWorkflowServer, Trigger } = require(
    require.resolve('@nocobase/plugin-workflow', { paths: [process.env.NODE_MODULES_PATH] }),
  );
  const workflow = app.pm.get(PluginWorkflowServer);
  const endpoints = new Map();

  class HandmadeTrigger extends Trigger {
    on(enabled) {
      endpoints.set(enabled.key, compile(enabled));
    }
    off({ key }) {
      endpoints.delete(key);
    }
  }
  workflow.registerTrigger('handmade', new HandmadeTrigger(workflow));

  app.resourceManager.define({
    name: 'handmade',
    actions: {
      async trigger(ctx, next) {
        const endpoint = endpoints.get(ctx.action.params.filterByTk);
        if (!endpoint) ctx.throw(404, 'no such webhook');
        if (ctx.method !== 'POST') ctx.throw(405);
        if (!endpoint.accepts(ctx.get('authorization'))) {
          ctx.set('www-authenticate', 'Basic realm="webhook", charset="UTF-8"');
          ctx.throw(401, 'wrong credentials');
        }
        const context = endpoint.contextOf(ctx);
        ctx.withoutDataWrapping = true;
        if (endpoint.sync) {
          const processor = await workflow.trigger(endpoint.workflow, context, { httpContext: ctx });
          ctx.status = processor?.execution.status === 1 ? 200 : 500;
        } else {
          workflow.trigger(endpoint.workflow, context);
          ctx.status = 200;
        }
        ctx.body = '';
        await next();
      },
      async noop(ctx, next) {
        ctx.withoutDataWrapping = true;
        ctx.body = '';
        await next();
      },
    },
  });
  app.acl.allow('handmade', '*', 'public');

  app.resourceManager.define({
    name: 'benchProbe',
    actions: {
      async start(ctx, next) {
        probe.start();
        ctx.body = {};
        await next();
      },
      async read(ctx, next) {
        ctx.body = probe.read();
        await next();
      },
      async seed(ctx, next) {
        await seed(app, ctx.action.params.values);
        ctx.body = {};
        await next();
      },
      // Removes old executions, so that a measurement starts with an empty queue.
      async clear(ctx, next) {
        await app.db.getModel('executions').destroy({ where: {} });
        ctx.body = {};
        await next();
      },
      // For one workflow: the number of executions, how many have ended, and when the last one did.
      async progress(ctx, next) {
        const { workflowId } = ctx.action.params.values;
        const model = app.db.getModel('executions');
        const [all, ended, last] = await Promise.all([
          model.count({ where: { workflowId } }),
          model.count({ where: { workflowId, status: 1 } }),
          model.max('updatedAt', { where: { workflowId } }),
        ]);
        ctx.body = { all, ended, last: last && new Date(last).getTime() };
        await next();
      },
    },
  });
  app.acl.allow('benchProbe', '*', 'public');
}

/** Compiles the accessor of a path, as one would write it by hand. */
function accessor(path) {
  const keys = path.split(/\.|(?=\[)/).map((step) => step.replace(/^\[(.*)\]$/, '$1'));
  const along = keys.map((key) => `?.[${JSON.stringify(/^\d+$/.test(key) ? Number(key) : key)}]`).join('');
  return new Function('value', `return value${along}`);
}

const digest = (text) => createHash('sha256').update(text).digest();

/** Prepares everything possible before the first request. */
function compile(workflow) {
  const { basicAuthentication, request = {} } = workflow.config;
  const expected = basicAuthentication && digest(`${basicAuthentication.username}:${basicAuthentication.password}`);
  const paths = (rows) => (rows ?? []).map(({ key, _var }) => [_var ?? key, accessor(key)]);
  const query = paths(request.query);
  const body = paths(request.body);
  const headers = (request.headers ?? []).map(({ key }) => key);
  const pick = (items, value) => {
    if (items.length === 0) return value;
    const picked = {};
    for (const [name, read] of items) {
      const found = read(value);
      if (found !== undefined) picked[name] = found;
    }
    return picked;
  };
  return {
    workflow,
    sync: workflow.sync,
    accepts(authorization) {
      if (!expected) return true;
      const sent = Buffer.from(authorization.replace(/^Basic /i, ''), 'base64');
      return timingSafeEqual(digest(sent), expected);
    },
    contextOf(ctx) {
      const context = { headers: {}, query: pick(query, ctx.query), body: pick(body, ctx.request.body) };
      for (const name of headers) {
        const value = ctx.get(name);
        if (value) context.headers[name] = value;
      }
      return context;
    },
  };
}

const delay = monitorEventLoopDelay({ resolution: 1 });
let cpu = process.cpuUsage();
const status = (name) =>
  Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;

/** Measures event-loop delay (ms), CPU time (µs), and current and peak memory (bytes) since the start. */
const probe = {
  start() {
    globalThis.gc?.();
    // Resets the peak of the resident memory; see proc(5), /proc/pid/clear_refs.
    writeFileSync('/proc/self/clear_refs', '5');
    delay.enable();
    delay.reset();
    cpu = process.cpuUsage();
    probe.rss = status('VmRSS');
  },
  read() {
    const { user, system } = process.cpuUsage(cpu);
    return {
      p50: delay.percentile(50) / 1e6,
      p99: delay.percentile(99) / 1e6,
      max: delay.max / 1e6,
      cpu: user + system,
      startRss: probe.rss,
      rss: status('VmRSS'),
      peakRss: status('VmHWM'),
    };
  },
};

/** Creates many enabled workflows at once, unlike NocoBase's API. They are active from the next start on. */
async function seed(app, { from, to, type, config }) {
  const { randomUUID } = require('node:crypto');
  const rows = Array.from({ length: to - from }, (_, index) => ({
    id: app.snowflakeIdGenerator.generate(),
    key: `seeded${from + index}`,
    title: `seeded ${from + index}`,
    type,
    config,
    options: {},
    enabled: true,
    current: true,
    sync: false,
    uid: randomUUID(),
  }));
  for (let start = 0; start < rows.length; start += 500) {
    const part = rows.slice(start, start + 500);
    await app.db.getModel('workflows').bulkCreate(part, { hooks: false });
    await app.db.getModel('workflowStats').bulkCreate(
      part.map(({ key }) => ({ key, executed: 0 })),
      { hooks: false },
    );
    await app.db.getModel('workflowVersionStats').bulkCreate(
      part.map(({ id }) => ({ id, executed: 0 })),
      { hooks: false },
    );
  }
}
