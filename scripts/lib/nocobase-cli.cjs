// The entry point of a NocoBase process: NocoBase's own command line without yarn and without its project template.
// Runs in the app's folder with `--preserve-symlinks`; its arguments are NocoBase's commands.
const { createRequire } = require('node:module');
const { join } = require('node:path');

const requireFromApp = createRequire(join(process.env.NODE_MODULES_PATH, 'nocobase.js'));
const { initEnv, buildIndexHtml } = requireFromApp('@nocobase/cli-v1/src/util');

initEnv();
buildIndexHtml();
requireFromApp('@nocobase/app/lib/index.js');
