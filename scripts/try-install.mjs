// `.ci/full install`: installs the tarball of `npm run release` in a bare Debian 12 with Node 22, as on NocoBase's official image: with an
// upload, and behind nginx with NocoBase's own configuration. Says how long it took from the tarball to an answered webhook.
import assert from 'node:assert/strict';
import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { examineRelease } from './lib/binutils.mjs';
import { checkMachine, main } from './lib/bootstrap.mjs';
import { bareDebian, configureNginx, nocobase, runInside, startInside } from './lib/debian.mjs';
import { packageJson } from './lib/paths.mjs';
import { freePort } from './lib/ports.mjs';
import { run } from './lib/run.mjs';

const MINUTE = 60_000;

async function waitFor(what, poll) {
  const deadline = Date.now() + 2 * MINUTE;
  let last;
  do {
    try {
      const result = await poll();
      if (result) return result;
    } catch (error) {
      last = error;
    }
    await sleep(100);
  } while (Date.now() < deadline);
  throw new Error(`expected ${what}`, { cause: last });
}

await main(async () => {
  checkMachine();
  const file = (await run('npm', ['run', 'release'], { onLine: (line) => console.log(line) }))
    .trimEnd()
    .split('\n')
    .at(-1);
  for (const line of await examineRelease(file)) console.log(line);
  await bareDebian();
  const [appPort, port] = [await freePort(), await freePort()];
  await runInside('for tool in cc gcc clang rustc cargo npm; do ! command -v $tool || exit 1; done');
  await configureNginx(appPort, port);
  await runInside(nocobase('install --lang=en-US'), appPort);
  const app = startInside(nocobase('start'), appPort);
  const nginx = startInside("nginx -g 'daemon off;'", appPort);
  const stopped = new Promise((resolve) => app.child.once('exit', resolve));
  try {
    const api = `http://127.0.0.1:${port}/api/`;
    await waitFor('NocoBase behind nginx', async () => (await fetch(`${api}__health_check`)).ok);
    const started = Date.now();
    const account = { account: 'admin@nocobase.com', password: 'admin123' };
    const post = async (path, body, token) => {
      const isForm = body instanceof FormData;
      const response = await fetch(api + path, {
        method: 'POST',
        headers: {
          ...(isForm ? {} : { 'content-type': 'application/json' }),
          ...(token ? { authorization: `Bearer ${token}` } : { 'x-authenticator': 'basic' }),
        },
        body: isForm ? body : JSON.stringify(body),
      });
      const text = await response.text();
      assert(response.ok, `${path} returned ${response.status}: ${text}`);
      return text ? (JSON.parse(text).data ?? {}) : {};
    };
    const { token } = await post('auth:signIn', account);
    const form = new FormData();
    form.set('file', await openAsBlob(file), `${packageJson.name}.tgz`);
    await post('pm:add', form, token);
    const listed = async () => {
      const response = await fetch(`${api}pm:list`, { headers: { authorization: `Bearer ${token}` } });
      return (await response.json()).data.find(({ packageName }) => packageName === packageJson.name);
    };
    const plugin = await waitFor('the uploaded plugin in the list', listed);
    assert.equal(plugin.version, packageJson.version);
    assert.equal(plugin.isCompatible, true);
    await post(`pm:enable?filterByTk=${packageJson.name}&awaitResponse=true`, {}, token);
    await waitFor('the plugin to be enabled', async () => (await listed())?.enabled);

    const webhook = async (allow) => {
      const config = { public: true, addresses: { allow, proxies: 1 }, response: { body: 'from Debian' } };
      const workflow = await post('workflows:create', { title: 'installed', type: 'webhook', config }, token);
      await post(`workflows:update?filterByTk=${workflow.id}`, { enabled: true }, token);
      return `${api}webhook:trigger/${workflow.key}`;
    };
    const forged = {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': '192.0.2.1' },
    };
    const response = await fetch(await webhook(['127.0.0.1']), forged);
    assert.deepEqual([response.status, await response.text()], [200, 'from Debian']);
    const seconds = (Date.now() - started) / 1000;
    console.log(`from ${basename(file)} to an answered webhook: ${seconds.toFixed(1)} s`);
    assert(seconds < 60, 'expected less than 60 s');
    // Behind one trusted proxy, the address that the sender claims doesn't count.
    assert.equal((await fetch(await webhook(['192.0.2.1']), forged)).status, 403);
  } catch (error) {
    console.error(app.output().slice(-4000), nginx.output());
    throw error;
  } finally {
    nginx.child.kill('SIGQUIT');
    app.child.kill('SIGTERM');
    await stopped;
  }
});
