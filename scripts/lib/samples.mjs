// The sample workflows of `npm start`. Each is created once, so that deleted or changed samples stay that way.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createWorkflow } from './workflows.mjs';

const EVENTS = 'webhook_events';

const samples = {
  'Sample: store every event': {
    about: 'asynchronous; stores the event in the collection "Webhook events"',
    curl: ['-d', '{"event":"order.created","order":{"id":1001,"total":99.5}}'],
    definition: {
      sync: false,
      config: {
        request: {
          headers: [{ key: 'user-agent' }],
          body: [
            { key: 'event', alias: 'Event' },
            { key: 'order', alias: 'Order' },
          ],
        },
        response: { statusCode: 202, body: { accepted: true } },
      },
      nodes: [
        {
          type: 'create',
          title: 'Store the event',
          config: {
            collection: EVENTS,
            params: {
              values: {
                event: '{{$context.body.event}}',
                sender: '{{$context.headers.user-agent}}',
                payload: '{{$context.body.order}}',
              },
            },
          },
        },
      ],
    },
  },
  'Sample: approve small orders': {
    about: 'synchronous; a condition on the body selects the Response node',
    curl: ['-d', '{"order":{"id":1001,"total":99.5}}'],
    definition: {
      sync: true,
      config: {
        request: {
          body: [
            { key: 'order.id', _var: 'id' },
            { key: 'order.total', _var: 'total' },
          ],
        },
      },
      nodes: [
        {
          type: 'condition',
          title: 'At most 100?',
          config: {
            rejectOnFalse: false,
            engine: 'basic',
            calculation: {
              group: { type: 'and', calculations: [{ calculator: 'lte', operands: ['{{$context.body.total}}', 100] }] },
            },
          },
          branches: {
            1: [
              {
                type: 'response',
                title: 'Approved',
                config: { statusCode: 200, body: { order: '{{$context.body.id}}', approved: true } },
              },
            ],
            0: [
              {
                type: 'response',
                title: 'Needs review',
                config: {
                  statusCode: 422,
                  headers: [{ name: 'X-Reason', value: 'total {{$context.body.total}} is above 100' }],
                  body: { order: '{{$context.body.id}}', approved: false },
                },
              },
            ],
          },
        },
      ],
    },
  },
  'Sample: greet authenticated callers': {
    about: 'HTTP Basic authentication; the configured response is a template',
    curl: ['-u', 'webhook:webhook-password', '-d', '{"name":"Ada"}'],
    definition: {
      sync: false,
      config: {
        basicAuthentication: { username: 'webhook', password: 'webhook-password' },
        request: { body: [{ key: 'name', alias: 'Name' }] },
        response: {
          statusCode: 200,
          headers: [{ name: 'X-Greeted', value: '{{$context.body.name}}' }],
          body: { greeting: 'Hello, {{$context.body.name}}!' },
        },
      },
    },
  },
};

/** Quotes a word for a POSIX shell. */
const quote = (word) => (/^[\w:./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/**
 * Creates the samples that were never created before.
 *
 * @param {import('./nocobase.d.mts').App} app
 * @param {string} origin the origin of the returned URLs
 * @returns {Promise<{ title: string, about: string, curl: string }[]>} the samples that exist, each with a command that sends
 *   a request
 */
export async function ensureSamples(app, origin) {
  const file = join(app.dir, 'samples.json');
  const made = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const filter = encodeURIComponent(JSON.stringify({ type: 'webhook', current: true }));
  const there = await app.api('GET', `workflows:list?paginate=false&filter=${filter}`);
  for (const [title, { definition }] of Object.entries(samples)) {
    const known = there.find((workflow) => workflow.key === made[title] || workflow.title === title);
    if (known) made[title] = known.key;
    if (title in made) continue;
    if (definition.nodes?.some((node) => node.config.collection === EVENTS)) await ensureEventCollection(app);
    made[title] = (await createWorkflow(app, { title, ...definition })).key;
    there.push({ key: made[title] });
  }
  writeFileSync(file, JSON.stringify(made));
  return Object.entries(samples)
    .filter(([title]) => there.some((workflow) => workflow.key === made[title]))
    .map(([title, { about, curl }]) => {
      const url = app.apiUrl.replace(app.url, origin) + `webhook:trigger/${made[title]}`;
      const words = ['-i', url, '-H', 'Content-Type: application/json', ...curl];
      return { title, about, curl: `curl ${words.map(quote).join(' ')}` };
    });
}

async function ensureEventCollection(app) {
  const collections = await app.api('GET', 'collections:list?paginate=false');
  if (collections.some(({ name }) => name === EVENTS)) return;
  const text = (name, title) => ({
    name,
    type: 'string',
    interface: 'input',
    uiSchema: { type: 'string', title, 'x-component': 'Input' },
  });
  await app.api('POST', 'collections:create', {
    name: EVENTS,
    title: 'Webhook events',
    template: 'general',
    autoGenId: true,
    createdAt: true,
    fields: [
      {
        name: 'id',
        type: 'bigInt',
        interface: 'integer',
        autoIncrement: true,
        primaryKey: true,
        allowNull: false,
        uiSchema: { type: 'number', title: 'ID', 'x-component': 'InputNumber' },
      },
      text('event', 'Event'),
      text('sender', 'Sender'),
      {
        name: 'payload',
        type: 'json',
        interface: 'json',
        uiSchema: { type: 'object', title: 'Payload', 'x-component': 'Input.JSON' },
      },
      {
        name: 'createdAt',
        type: 'date',
        field: 'createdAt',
        interface: 'createdAt',
        uiSchema: { type: 'datetime', title: 'Created at', 'x-component': 'DatePicker', 'x-read-pretty': true },
      },
    ],
  });
}
