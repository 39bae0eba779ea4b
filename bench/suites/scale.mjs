/** How the cost grows with the number of webhooks, the size of an event, and the number of nodes. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { allEnded, bootBoth, createSides, fire, probe, rowsOf, withApp } from '../lib/apps.mjs';
import { median } from '../lib/measure.mjs';
import { KINDS, SIZES } from '../lib/bodies.mjs';
import { root } from '../../scripts/lib/paths.mjs';
import { servicePort } from '../../scripts/lib/services.mjs';

export const title = 'Scale';
export const services = ['postgres', 'redis'];

export async function run(options) {
  return [...(await webhooks(options)), ...(await sizes(options)), ...(await nodes(options))];
}

/** 1, 100 and 10,000 enabled webhooks: memory, throughput over all of them, and start-up compared with the other side. */
async function webhooks({ log, quick }) {
  const group = 'Enabled webhooks';
  const rows = [];
  const config = {
    basicAuthentication: { username: 'user', password: 'password' },
    request: {
      headers: [{ key: 'X-Event' }],
      body: [{ key: 'ref' }, { key: 'repository.id' }, { key: 'pusher.name' }],
    },
  };
  const startUp = async (app) => {
    const start = performance.now();
    await app.start();
    return performance.now() - start;
  };
  const measure = async (app, count) => {
    await app.api('POST', 'benchProbe:clear');
    await probe.start(app);
    const { startRss } = await probe.read(app);
    let next = 0;
    const load = {
      headers: { authorization: `Basic ${btoa('user:password')}` },
      vary: () => ({ path: `/api/webhook:trigger/seeded${(next = (next + 7919) % count)}` }),
    };
    // Requests every webhook once, so that all are compiled; always 10,000 requests, so that all processes are equally warm.
    await fire(app.url, { ...load, connections: 16, amount: quick ? count : 10_000 });
    await probe.start(app);
    const { startRss: compiled } = await probe.read(app);
    const { rate } = await fire(app.url, { ...load, connections: 16, seconds: quick ? 2 : 5 });
    return { startRss, compiled, rate };
  };
  // An app for each side, one running at a time.
  return withApp({ dialect: 'postgres' }, async (ours) => {
    await ours.kill9();
    return withApp({ dialect: 'postgres' }, async (theirs) => {
      let seeded = 0;
      for (const count of [1, 100, 10_000]) {
        for (const [app, type] of [
          [theirs, 'handmade'],
          [ours, 'webhook'],
        ]) {
          if (app === ours || seeded > 0) await app.start();
          await app.api('POST', 'benchProbe:seed', { from: seeded, to: count, type, config });
          await app.kill9();
        }
        seeded = count;
        const samples = [];
        for (let round = 0; round < (quick ? 1 : 3); round += 1) {
          log(`${count} webhooks: round ${round + 1}, theirs`);
          const other = await startUp(theirs);
          await theirs.kill9();
          log(`${count} webhooks: round ${round + 1}, ours`);
          const own = await startUp(ours);
          samples.push({ own, other, ...(await measure(ours, count)) });
          await ours.kill9();
        }
        const of = (key) => median(samples.map((sample) => sample[key]));
        const common = { group, case: `${count.toLocaleString('en')} webhook${count === 1 ? '' : 's'}` };
        rows.push(
          {
            ...common,
            metric: 'start-up of NocoBase',
            unit: 'ms',
            ours: of('own'),
            theirs: of('other'),
            ratio: of('other') / of('own'),
          },
          { ...common, metric: 'memory after the start', unit: 'MB', ours: of('startRss') / 2 ** 20 },
          { ...common, metric: 'memory with each called', unit: 'MB', ours: of('compiled') / 2 ** 20 },
          { ...common, metric: 'requests', unit: '/s', ours: of('rate') },
        );
      }
      return rows;
    });
  });
}

/** The CPU time of an event by the size of its body, including the extraction of ten paths. */
async function sizes({ log, quick }) {
  const group = 'Cost of an event by the size of its body';
  const { make, paths } = KINDS['GitHub push'];
  const config = { request: { body: rowsOf(paths.slice(0, 10)) } };
  return withApp({ dialect: 'postgres', env: { REQUEST_BODY_LIMIT: '20mb' } }, async (app) => {
    const rows = [];
    const sides = await createSides(app, { config });
    const sent = { ours: 0, theirs: 0 };
    for (const side of Object.keys(sent)) {
      sent[side] += (await fire(sides[side].url, { connections: 16, amount: 200 })).answers;
      await allEnded(app, sides[side], sent[side]);
    }
    for (const [size, bytes] of Object.entries(SIZES)) {
      const body = make(bytes);
      const amount = Math.max(20, Math.min(300, Math.round(1e8 / bytes)));
      const costs = { ours: [], theirs: [] };
      for (let round = 0; round < (quick ? 1 : 3); round += 1) {
        for (const side of round % 2 ? ['theirs', 'ours'] : ['ours', 'theirs']) {
          log(`events of ${size}: round ${round + 1}, ${side}`);
          await probe.start(app);
          const { answers } = await fire(sides[side].url, { connections: 16, amount, body });
          // An event includes its execution, which costs both sides the same.
          sent[side] += answers;
          await allEnded(app, sides[side], sent[side]);
          costs[side].push((await probe.read(app)).cpu / answers);
        }
      }
      rows.push({
        group,
        case: size,
        metric: 'CPU time of an event, its execution included',
        unit: 'µs',
        ours: median(costs.ours),
        theirs: median(costs.theirs),
        ratio: median(costs.theirs) / median(costs.ours),
      });
    }
    return rows;
  });
}

/** One and two nodes on one PostgreSQL, connected by Redis: events accepted and events executed. */
async function nodes({ log, quick }) {
  const group = 'Nodes on one PostgreSQL';
  const redis = `redis://127.0.0.1:${servicePort('redis')}`;
  const rows = [];
  for (const count of [1, 2]) {
    log(`${count} node${count === 1 ? '' : 's'}`);
    const id = `bench-${Date.now().toString(36)}`;
    const options = {
      dialect: 'postgres',
      preload: [join(root, 'tests/services/redis.cjs')],
      env: {
        REDIS_URL: redis,
        TEST_REDIS_PREFIX: `${id}:`,
        LOCK_ADAPTER_DEFAULT: 'redis',
        CACHE_DEFAULT_STORE: 'redis',
        CACHE_REDIS_URL: redis,
        ...(count > 1 ? { WORKER_MODE: '!,workflow:process' } : {}),
      },
    };
    const first = await bootBoth({ ...options, name: `${id}-0` });
    const apps = [first];
    for (let index = 1; index < count; index += 1) {
      const name = `${id}-${index}`;
      const other = await bootBoth({ ...options, name });
      await other.stop();
      // Its own folder, but the database of the first node.
      copyFileSync(join(first.dir, 'database.json'), join(other.dir, 'database.json'));
      apps.push(await bootBoth({ ...options, name, fresh: false }));
    }
    try {
      const { ours } = await createSides(first);
      const urls = apps.map(({ apiUrl }) => `${apiUrl}webhook:trigger/${ours.key}`);
      for (const url of urls)
        while ((await fetch(url, { method: 'POST' })).status !== 200) await new Promise(setImmediate);
      const began = Date.now();
      const results = await Promise.all(urls.map((url) => fire(url, { connections: 16, seconds: quick ? 2 : 6 })));
      const rate = results.reduce((sum, result) => sum + result.rate, 0);
      const answers = results.reduce((sum, result) => sum + result.answers, 0);
      const end = await allEnded(first, ours, answers);
      const name = `${count} node${count === 1 ? '' : 's'}`;
      rows.push(
        { group, case: name, metric: 'events taken', unit: '/s', ours: rate },
        { group, case: name, metric: 'events run to their end', unit: '/s', ours: answers / ((end - began) / 1000) },
        {
          group,
          case: name,
          metric: 'events run to their end',
          unit: ' million a day',
          ours: (answers / (end - began)) * 86.4,
        },
      );
    } finally {
      for (const app of apps.reverse()) {
        await app.kill9();
        if (app !== first) await app.stop();
      }
      await first.remove();
    }
  }
  return rows;
}
