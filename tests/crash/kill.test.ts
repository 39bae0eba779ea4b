import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, bootApp, createWorkflow, type CreatedWorkflow, setEnabled } from '../support/app';
import { Holder } from '../support/holder';
import { logged, waitFor } from '../support/wait';
import { addVersion, deliveriesOf, ended, executionsOf, post, random, send, slow } from './support';

const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 3);
const SEED = Number(process.env.CRASH_SEED ?? Date.now() % 1e6);

/** As many as the engine executes within seconds: SQLite enters about thirty executions a second. */
const EVENTS = { sqlite: 120, postgres: 400 };

/** The milliseconds within which a kill interrupts the storing, while events still arrive. */
const STORING_MS = { sqlite: 500, postgres: 350 };

describe.each(['sqlite', 'postgres'] as const)('a kill -9 under load on %s', (dialect) => {
  let app: App;
  let workflows: CreatedWorkflow[];

  beforeAll(async () => {
    app = await bootApp({ dialect });
    workflows = [
      await createWorkflow(app, { title: 'no nodes' }),
      await createWorkflow(app, { title: 'a slow node', nodes: [slow(dialect, 0.02)] }),
    ];
  });
  afterAll(() => app.remove());

  it.each(Array.from({ length: ROUNDS }, (_, index) => index + 1))(
    'loses no acknowledged event: each has exactly one execution, which ends (round %i)',
    async (round) => {
      const seed = SEED + round;
      // Every other kill interrupts the storing, with events arriving until then; most of the others interrupt the execution of
      // what is stored.
      const storing = round % 2 === 1;
      const moment = 20 + random(seed)() * (storing ? STORING_MS[dialect] : 2500);
      let killed = false;
      const load = { connections: 8, first: round * 1e6, ...(storing ? {} : { events: EVENTS[dialect] }) };
      let acknowledge = () => {};
      // A round without an acknowledged event would prove nothing, however slow the machine.
      const begun = new Promise<void>((resolve) => (acknowledge = resolve));
      const loading = send(workflows, { ...load, acknowledged: acknowledge }, () => killed);
      await Promise.race([begun, loading]);
      await sleep(moment);
      killed = true;
      await app.kill9();
      const { acknowledged, others } = await loading;
      console.log(
        `${dialect} round ${round}: seed ${seed}, killed after ${Math.round(moment)} ms, ` +
          `${acknowledged.length} acknowledged, other answers ${JSON.stringify(others)}`,
      );

      expect(acknowledged.length, 'acknowledged events').toBeGreaterThan(0);

      await app.start();
      await ended(app, workflows);

      const executions = await executionsOf(app, workflows);
      const times = new Map<number, number>();
      for (const { context } of executions) {
        times.set(context.body.id, (times.get(context.body.id) ?? 0) + 1);
      }
      expect(
        acknowledged.filter((id) => times.get(id) !== 1),
        'acknowledged events without exactly one execution',
      ).toEqual([]);
      expect(
        executions.filter(({ status }) => status !== 1),
        'executions that did not end well',
      ).toEqual([]);
      expect(
        [...times].filter(([, count]) => count > 1),
        'events with more than one execution',
      ).toEqual([]);
      const deliveries = (await Promise.all(workflows.map((workflow) => deliveriesOf(app, workflow)))).flat();
      expect(
        deliveries.map(({ id, result, status }) => [id, result, status]).sort(),
        'deliveries: one for each execution, with its id',
      ).toEqual(executions.map(({ id }) => [String(id), 'accepted', 200]).sort());
      const { stats, versionStats } = await counters(app, workflows);
      expect([stats, versionStats], 'the counters of executions').toEqual([executions.length, executions.length]);
    },
  );
});

describe.each(['sqlite', 'postgres'] as const)(
  'an event whose version was deactivated before it began, on %s',
  (dialect) => {
    let app: App;
    beforeAll(async () => {
      // One execution at a time, so that none of the events after the first one begins.
      app = await bootApp({ dialect, env: { WEBHOOK_RUN_CONCURRENCY: '1' } });
    });
    afterAll(() => app.remove());

    it('runs once, with that version, though the process is killed first', async () => {
      // Several nodes, as SQLite serves nobody while it works.
      const nodes = Array.from({ length: 15 }, () => slow(dialect, 1));
      const first = await createWorkflow(app, { title: 'first', nodes, options: { onCrash: 'fail' } });
      const replaced = await createWorkflow(app, { title: 'replaced', nodes: [slow(dialect, 0.02)] });
      const disabled = await createWorkflow(app, { title: 'disabled' });
      const version = await addVersion(app, replaced, {});
      for (const { url } of [first, replaced, disabled, replaced, disabled]) {
        expect((await fetch(url, { method: 'POST' })).status).toBe(200);
      }
      await setEnabled(app, version, true);
      await setEnabled(app, disabled.id, false);
      expect((await executionsOf(app, [replaced, disabled])).map(({ status }) => status)).toEqual([
        null,
        null,
        null,
        null,
      ]);
      await app.kill9();

      await app.start();
      await ended(app, [replaced, disabled]);
      for (const workflow of [replaced, disabled]) {
        expect((await executionsOf(app, [workflow])).map(({ status }) => status)).toEqual([1, 1]);
      }
    });
  },
);

describe.each(['sqlite', 'postgres'] as const)('an execution that a crash cut off on %s', (dialect) => {
  let app: App;
  let again: CreatedWorkflow;
  let left: CreatedWorkflow;
  let waiting: CreatedWorkflow;

  beforeAll(async () => {
    app = await bootApp({ dialect });
    // Several, because SQLite serves nobody while it works: that an execution has begun is visible only between two of them.
    const nodes = Array.from({ length: 8 }, () => slow(dialect, 0.5));
    again = await createWorkflow(app, { title: 'again', nodes });
    left = await createWorkflow(app, { title: 'left', nodes, options: { onCrash: 'fail' } });
    const delay = { type: 'delay', config: { duration: 1, unit: 3_600_000, endStatus: 1 } };
    waiting = await createWorkflow(app, { title: 'waiting', nodes: [delay] });
    for (const { url } of [waiting, again]) {
      expect((await fetch(url, { method: 'POST' })).status).toBe(200);
      await started(app, waiting);
    }
    await started(app, again);
    await app.kill9();
    await app.start();
    await ended(app, [again]);
    expect((await fetch(left.url, { method: 'POST' })).status).toBe(200);
    await started(app, left);
    await app.kill9();
    await app.start();
    await ended(app, [left]);
  });
  afterAll(() => app.remove());

  it('restarts from its beginning, and the log says so', async () => {
    expect((await executionsOf(app, [again])).map(({ status }) => status)).toEqual([1]);
    expect(app.logs()).toMatch(/execution \(\d+\) was interrupted by a crash and restarts from its beginning/);
  });

  it('ends as failed if its workflow is configured so, and the log says so', async () => {
    expect((await executionsOf(app, [left])).map(({ status, reason }) => [status, reason])).toEqual([
      [-1, 'interrupted'],
    ]);
    expect(app.logs()).toMatch(
      /execution \(\d+\) was interrupted by a crash and ends as failed, as its workflow is configured/,
    );
  });

  it("isn't touched while it waits on a node", async () => {
    expect((await executionsOf(app, [waiting])).map(({ status }) => status)).toEqual([0]);
  });
});

describe.each(['sqlite', 'postgres'] as const)('executions that a crash interrupted on %s', (dialect) => {
  const holder = new Holder();
  let app: App;
  beforeAll(async () => {
    await holder.start();
    app = await bootApp({ dialect, env: { WEBHOOK_SYNC_CONCURRENCY: '16' } });
  });
  afterAll(async () => {
    await app.remove();
    holder.stop();
  });

  it('restart and end, even if the process is killed while it finds them and while it restarts the first', async () => {
    const nodes = [holder.node('held')];
    const workflow = await createWorkflow(app, { title: 'held', sync: true, nodes });
    const queued = await createWorkflow(app, { title: 'queued' });
    const calls = Array.from({ length: 8 }, (_, id) => post(new Agent(), workflow.url, { id }));
    await holder.waitFor('held', 8);
    const load = await send([queued], { connections: 1, first: 100, events: 5 }, () => false);
    expect(load.acknowledged.length).toBe(5);
    await app.kill9();
    await Promise.all(calls);

    const read = app.logs().length;
    await app.start();
    await logged(app, 'was interrupted by a crash and restarts', read);
    await app.kill9();

    const before = holder.count('held');
    await app.start();
    await holder.waitFor('held', before + 1);
    await app.kill9();

    holder.open();
    await app.start();
    await ended(app, [workflow, queued]);
    const executions = await executionsOf(app, [workflow]);
    expect(executions.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 1));
    expect(executions.map(({ context }) => context.body.id).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect((await executionsOf(app, [queued])).map(({ status }) => status)).toEqual([1, 1, 1, 1, 1]);
  });
});

async function started(app: App, workflow: CreatedWorkflow): Promise<void> {
  await waitFor('the execution to begin', async () => {
    const [execution] = await executionsOf(app, [workflow]);
    return execution?.status === 0;
  });
}

async function counters(app: App, workflows: CreatedWorkflow[]): Promise<{ stats: number; versionStats: number }> {
  const sum = { stats: 0, versionStats: 0 };
  for (const { id } of workflows) {
    const workflow = await app.api<Record<'stats' | 'versionStats', { executed: string | number }>>(
      'GET',
      `workflows:get/${id}?appends=stats,versionStats`,
    );
    sum.stats += Number(workflow.stats.executed);
    sum.versionStats += Number(workflow.versionStats.executed);
  }
  return sum;
}
