import { connect } from 'node:net';
import {
  type App,
  type CreatedWorkflow,
  createWorkflow as create,
  setEnabled as toggle,
  type WorkflowDefinition,
} from '../support/app';

/** An execution as NocoBase's API shows it, with its request, `$context.request`, apart from the other variables. */
export interface Execution {
  id: string;
  status: number | null;
  reason: string | null;
  context: { headers: Record<string, unknown>; query: Record<string, unknown>; body?: unknown };
  request: Record<string, unknown>;
}

/**
 * Waits until NocoBase's engine has nothing to do. On SQLite its transactions and those of the API collide
 * (`SQLITE_BUSY`), with or without this plugin, so a test changes workflows only in between.
 */
export async function settled(app: App): Promise<void> {
  const open = new URLSearchParams({ filter: JSON.stringify({ $or: [{ status: null }, { status: 0 }] }) });
  const deadline = Date.now() + 20_000;
  while ((await app.api<unknown[]>('GET', `executions:list?${open}`)).length) {
    if (Date.now() > deadline) {
      throw new Error('expected all executions to end');
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Creates a workflow as the editor does, when the engine has nothing to do. */
export async function createWorkflow(
  app: App,
  definition: Omit<WorkflowDefinition, 'title'> = {},
): Promise<CreatedWorkflow> {
  await settled(app);
  return create(app, { title: 'test', ...definition });
}

/** Enables or disables a workflow, when the engine has nothing to do. */
export async function setEnabled(app: App, id: string | number, enabled: boolean): Promise<void> {
  await settled(app);
  await toggle(app, id, enabled);
}

/** Returns what NocoBase's list shows of the executions of a workflow, oldest first. */
function listed(app: App, key: string): Promise<Pick<Execution, 'id' | 'status' | 'reason'>[]> {
  const query = new URLSearchParams({ filter: JSON.stringify({ key }), sort: 'id', pageSize: '1000' });
  return app.api('GET', `executions:list?${query}`);
}

/** Returns the executions of a workflow, oldest first. */
export async function executions(app: App, key: string): Promise<Execution[]> {
  const rows = await listed(app, key);
  return Promise.all(
    rows.map(async ({ id }) => {
      const execution = await app.api<Execution>('GET', `executions:get?filterByTk=${id}`);
      const { request, ...context } = execution.context as Execution['context'] & Pick<Execution, 'request'>;
      return { ...execution, context, request };
    }),
  );
}

/** Waits until a workflow has `count` executions that have ended. The engine may take 20 s for each of them. */
export async function ended(app: App, key: string, count = 1): Promise<Execution[]> {
  let deadline = Date.now() + 20_000;
  let before = 0;
  for (;;) {
    const found = await listed(app, key);
    const done = found.filter(({ status }) => status !== null && status !== 0).length;
    if (done >= count && done === found.length) {
      return executions(app, key);
    }
    if (done > before) {
      before = done;
      deadline = Date.now() + 20_000;
    }
    if (Date.now() > deadline) {
      throw new Error(`expected ${count} ended executions, but ${done} of ${found.length} have ended`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Sends a request to a webhook. A plain object as body is sent as JSON. */
export function call(
  app: App,
  key: string,
  { query = '', headers = {}, body, method = 'POST' }: CallOptions = {},
): Promise<Response> {
  const json = typeof body === 'object' && !(body instanceof Uint8Array);
  return app.fetch(`webhook:trigger/${key}${query}`, {
    method,
    headers: { ...(json ? { 'content-type': 'application/json' } : {}), ...headers },
    body: json ? JSON.stringify(body) : (body as BodyInit | undefined),
  });
}

export interface CallOptions {
  query?: string;
  headers?: Record<string, string>;
  body?: object | string | Uint8Array;
  method?: string;
}

/** Sends bytes over a socket, in parts with pauses between them. Returns the response's bytes. */
export async function sendRaw(
  app: App,
  parts: (string | Buffer)[],
  { pause = 0, hangUp = false } = {},
): Promise<string> {
  const socket = connect(app.port, '127.0.0.1');
  let received = '';
  socket.setEncoding('latin1').on('data', (text: string) => (received += text));
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  for (const [index, part] of parts.entries()) {
    if (index) {
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    socket.write(part);
  }
  if (hangUp) {
    socket.destroy();
  }
  await closed;
  return received;
}

/** Returns the token of a user who may not edit workflows. */
export async function memberToken(app: App): Promise<string> {
  const account = { email: 'member@example.com', username: 'member', password: 'member-password', roles: ['member'] };
  const signIn = async () => {
    const response = await app.fetch('auth:signIn', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-authenticator': 'basic' },
      body: JSON.stringify({ account: account.username, password: account.password }),
    });
    return response.ok ? ((await response.json()) as { data: { token: string } }).data.token : undefined;
  };
  const known = await signIn();
  if (known) {
    return known;
  }
  await app.api('POST', 'users:create', account);
  return (await signIn()) as string;
}
