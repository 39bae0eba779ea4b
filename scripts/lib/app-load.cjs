// Runs code when NocoBase loads an app. For modules that are loaded before NocoBase (`node --require`), so that the app needs no
// further plugin in its database.
const Module = require('node:module');

const hooks = [];

/**
 * @param {{ before?: (app: object) => void, after?: (app: object) => void }} hook is called once for each app, before and after
 *   its plugins are loaded
 */
exports.onAppLoad = (hook) => void hooks.push(hook);

const load = Module._load;
Module._load = function (request, ...rest) {
  const loaded = load.call(this, request, ...rest);
  // While NocoBase's server is loaded, its own modules require it again: whichever of these calls ends first does it.
  if (Module._load !== load && request === '@nocobase/server' && loaded.Application) {
    Module._load = load;
    const { prototype } = loaded.Application;
    const { load: loadApp } = prototype;
    const [begun, done] = [new WeakSet(), new WeakSet()];
    const once = (apps, app, name) => {
      if (apps.has(app)) return;
      apps.add(app);
      for (const hook of hooks) hook[name]?.(app);
    };
    prototype.load = async function (...args) {
      once(begun, this, 'before');
      await loadApp.apply(this, args);
      once(done, this, 'after');
    };
  }
  return loaded;
};
