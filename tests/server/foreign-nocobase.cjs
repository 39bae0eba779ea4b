// Makes NocoBase another one for a test, before it is loaded (`node --require`): `TEST_NOCOBASE_VERSION` is the version that the plugin
// manager compares plugins with, and `TEST_NOCOBASE_LACKS` a part that is removed before plugins are loaded, e.g. `lockManager.tryAcquire`.
const Module = require('node:module');
const { onAppLoad } = require('../../scripts/lib/app-load.cjs');

const { TEST_NOCOBASE_VERSION: version, TEST_NOCOBASE_LACKS: lacks } = process.env;

if (lacks) {
  const [owner, part] = lacks.split('.');
  onAppLoad({ before: (app) => Object.defineProperty(app[owner], part, { value: undefined, configurable: true }) });
}
if (version) {
  const load = Module._load;
  Module._load = function (request, parent, ...rest) {
    const loaded = load.call(this, request, parent, ...rest);
    const isCompared = request.endsWith('/package.json') && /plugin-manager[\\/]deps\.js$/.test(parent?.filename);
    return isCompared ? { ...loaded, version } : loaded;
  };
}
