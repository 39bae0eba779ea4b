// Shows the keys of executions in NocoBase's locks in memory. Loaded before NocoBase (`node --require`).
const { onAppLoad } = require('../../scripts/lib/app-load.cjs');

onAppLoad({
  after(app) {
    app.resourceManager.define({
      name: 'lockProbe',
      actions: {
        async list(ctx, next) {
          const adapters = [...app.lockManager.adapters.values()];
          const keys = adapters.flatMap((adapter) => [...adapter.constructor.locks.keys()]);
          ctx.body = keys.filter((key) => key.startsWith('workflow:execution:')).map((key) => key.split(':').pop());
          await next();
        },
      },
    });
  },
});
