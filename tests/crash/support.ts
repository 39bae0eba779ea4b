import { Agent, request } from 'node:http';
import type { Delivery } from '../../src/common/delivery';
import type { App, CreatedWorkflow } from '../support/app';
import { waitFor } from '../support/wait';

/** An execution as NocoBase's API shows it. */
export interface Execution {
  id: string;
  status: number | null;
  reason: string | null;
  context: { body: { id: number } };
}

/** The result of a load of events. */
export interface Load {
  /** The ids of the events that got a 2xx. */
  acknowledged: number[];
  /** The number of other responses, by status or by the code of a broken connection. */
  others: Record<string, number>;
}

/**
 * Sends distinct events (`{ id }`) over some connections until `until` returns true, or `events` of them are sent.
 *
 * @param first the id of the first event
 * @param acknowledged called with each event that got a 2xx
 */
export async function send(
  workflows: CreatedWorkflow[],
  {
    connections,
    events = Infinity,
    first = 0,
    acknowledged,
  }: { connections: number; events?: number; first?: number; acknowledged?: () => void },
  until: () => boolean,
): Promise<Load> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const load: Load = { acknowledged: [], others: {} };
  let next = first;
  const sender = async () => {
    while (!until() && next < first + events) {
      const id = (next += 1);
      const answer = await post(agent, workflows[id % workflows.length].url, { id });
      if (typeof answer === 'number' && answer >= 200 && answer < 300) {
        load.acknowledged.push(id);
        acknowledged?.();
      } else {
        load.others[answer] = (load.others[answer] ?? 0) + 1;
      }
    }
  };
  await Promise.all(Array.from({ length: connections }, sender));
  agent.destroy();
  return load;
}

/** Adds a version to a workflow as the editor does, with its own configuration. Returns its id. */
export async function addVersion(app: App, { id, key }: CreatedWorkflow, config: object): Promise<string> {
  const filter = encodeURIComponent(JSON.stringify({ key }));
  const version = await app.api<{ id: string }>('POST', `workflows:revision?filterByTk=${id}&filter=${filter}`);
  await app.api('POST', `workflows:update?filterByTk=${version.id}`, { config });
  return version.id;
}

/** Posts JSON. Returns the status of the response, or the code of a broken connection. */
export function post(agent: Agent, url: string, body: unknown): Promise<number | string> {
  const text = JSON.stringify(body);
  return new Promise((resolve) => {
    const call = request(url, {
      method: 'POST',
      agent,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
    });
    call.on('response', (response) => {
      response.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      response.on('end', () => resolve(response.statusCode ?? 0));
      response.resume();
    });
    call.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    call.end(text);
  });
}

/** Returns all executions of some workflows. */
export async function executionsOf(app: App, workflows: CreatedWorkflow[]): Promise<Execution[]> {
  const all: Execution[] = [];
  for (let page = 1; ; page += 1) {
    const query = new URLSearchParams({
      filter: JSON.stringify({ workflowId: workflows.map(({ id }) => id) }),
      // By default the list doesn't include `context`.
      fields: 'id,status,reason,context',
      sort: 'id',
      page: String(page),
      pageSize: '200',
    });
    const rows = await app.api<Execution[]>('GET', `executions:list?${query}`);
    all.push(...rows);
    if (rows.length < 200) {
      return all;
    }
  }
}

/** Returns the deliveries of a workflow. */
export async function deliveriesOf(app: App, { id }: CreatedWorkflow): Promise<Delivery[]> {
  const all: Delivery[] = [];
  for (let before = ''; ;) {
    const path = `webhookDeliveries:list?workflowId=${id}&limit=100${before && `&before=${before}`}`;
    const page = await app.api<{ deliveries: Delivery[]; next: string | null }>('GET', path);
    all.push(...page.deliveries);
    if (page.next === null) {
      return all;
    }
    before = page.next;
  }
}

/** Waits until no execution of the workflows is queueing or on going. */
export async function ended(app: App, workflows: CreatedWorkflow[], timeout = 120_000): Promise<void> {
  const filter = { workflowId: workflows.map(({ id }) => id), $or: [{ status: null }, { status: 0 }] };
  const query = new URLSearchParams({ filter: JSON.stringify(filter), pageSize: '1', fields: 'id' });
  await waitFor(
    'all executions to end',
    async () => (await app.api<unknown[]>('GET', `executions:list?${query}`)).length === 0,
    timeout,
  );
}

/** Returns random numbers from 0 to 1 by a seed: mulberry32. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Returns a node that keeps an execution running for about this long. */
export function slow(
  dialect: 'sqlite' | 'postgres' | 'mariadb',
  seconds: number,
): { type: string; config: { sql: string } } {
  const sql = {
    postgres: `SELECT pg_sleep(${seconds})`,
    mariadb: `SELECT SLEEP(${seconds})`,
    // SQLite can't sleep, only work.
    sqlite: `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${seconds * 4e6}) SELECT count(*) FROM n`,
  };
  return { type: 'sql', config: { sql: sql[dialect] } };
}
