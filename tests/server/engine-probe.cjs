// Lets a test have NocoBase's engine look for executions that wait, and adds a node that doesn't end before its URL has answered: NocoBase's
// own request node waits without occupying the engine. Loaded before NocoBase (`node --require`).
const { onAppLoad } = require('../../scripts/lib/app-load.cjs');

onAppLoad({
  after(app) {
    const workflow = app.pm.get('workflow');
    workflow.registerInstruction('held', {
      async run({ config }, input, processor) {
        await fetch(processor.getParsedValue(config.url));
        return { status: 1 };
      },
    });
    app.resourceManager.define({
      name: 'engineProbe',
      actions: {
        async recover(ctx, next) {
          await workflow.dispatcher.recover();
          await next();
        },
      },
    });
  },
});
