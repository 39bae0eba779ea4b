import { INFER_ACTION, RESOURCE, TRIGGER_ACTION } from '../common/names';

/** An answer in NocoBase's form for errors. */
const refusal = (description: string, headers?: Record<string, string>) => ({
  description,
  ...(headers
    ? {
        headers: Object.fromEntries(
          Object.entries(headers).map(([name, text]) => [name, { description: text, schema: { type: 'string' } }]),
        ),
      }
    : {}),
  content: { 'application/json': { schema: { $ref: '#/components/schemas/WebhookErrors' } } },
});

const anything = { description: 'Any JSON value.' };

/** What NocoBase's API documentation plugin shows of this plugin. It reads it from `dist/swagger`. */
export default {
  openapi: '3.0.2',
  info: {
    title: 'NocoBase API - Workflow: Webhook',
    version: '1.0.0',
  },
  tags: [{ name: RESOURCE, description: 'Webhooks that start workflows' }],
  paths: {
    [`/${RESOURCE}:${TRIGGER_ACTION}/{key}`]: {
      post: {
        tags: [RESOURCE],
        summary: 'Deliver an event to a workflow',
        description: [
          'Starts the workflow with this key, with the values of headers, query and body that its trigger is configured',
          'to take. No sign-in to NocoBase is needed; a webhook may ask for HTTP Basic authentication of its own.',
          '',
          'An asynchronous workflow answers at once, as its trigger is configured, once the event is stored. A synchronous',
          'one answers when it is done, as its Response node is configured. The URL of a sub-app has `__app/<name>/` before',
          '`webhook:trigger`.',
          '',
          'Query parameters are values for the workflow; none of NocoBase’s own (`filter`, `filterByTk`, …) has a meaning here.',
        ].join('\n'),
        security: [{}, { WebhookBasic: [] }],
        parameters: [
          {
            name: 'key',
            in: 'path',
            required: true,
            description: 'Key of the workflow; the same for all of its versions.',
            schema: { type: 'string' },
          },
        ],
        requestBody: {
          description:
            'May be empty. `Content-Encoding` gzip, deflate and br are undone. The limit is NocoBase’s `REQUEST_BODY_LIMIT`.',
          content: {
            'application/json': { schema: anything, example: { order: { id: 1, status: 'paid' } } },
            'application/x-www-form-urlencoded': { schema: { type: 'object' } },
            'text/plain': { schema: { type: 'string' } },
          },
        },
        responses: {
          200: {
            description:
              'The event was taken. Status (200 to 599), headers and body are those that the workflow is configured to answer with; without any it is 200 with an empty body.',
            content: {
              'application/json': { schema: anything },
              'text/plain': { schema: { type: 'string' } },
            },
          },
          202: { description: 'The synchronous workflow waits on a node (a delay, a person) and goes on later.' },
          400: refusal('Malformed JSON, percent-encoding, compression or charset; says what is wrong and where.'),
          401: refusal('The credentials are missing or wrong.', {
            'WWW-Authenticate': 'The authentication that is asked for.',
          }),
          404: refusal(
            'No webhook answers at this address: an unknown key, or a workflow that is off or of another type.',
          ),
          405: refusal('Another method than the webhook takes.', { Allow: 'The methods it takes.' }),
          408: refusal('The synchronous workflow did not end within its timeout.'),
          413: refusal('The body is too large, as sent or as inflated.'),
          415: refusal('A content type or content encoding that is not read.'),
          500: refusal('The synchronous workflow failed, or the webhook’s configuration can not be used.'),
          503: refusal('The event could not be stored, too many wait already, or the application is stopping.', {
            'Retry-After': 'Seconds after which to try again.',
          }),
        },
      },
    },
    [`/${RESOURCE}:${INFER_ACTION}`]: {
      post: {
        tags: [RESOURCE],
        summary: 'List the paths of a sample',
        description: 'What the editor’s “Parse” button calls. For those who may edit workflows.',
        requestBody: {
          required: true,
          content: {
            'application/json': {
              schema: {
                type: 'object',
                required: ['sample', 'kind'],
                properties: {
                  sample: { type: 'string', description: 'A JSON text; or a URL, or the query of one.' },
                  kind: { type: 'string', enum: ['json', 'query'] },
                },
              },
              example: { sample: '{"a": 1, "b": {"c": 2}}', kind: 'json' },
            },
          },
        },
        responses: {
          200: {
            description: 'The paths, branches included, or what is wrong with the sample.',
            content: {
              'application/json': {
                schema: {
                  type: 'object',
                  properties: {
                    data: {
                      oneOf: [
                        {
                          type: 'object',
                          required: ['ok', 'paths'],
                          properties: {
                            ok: { type: 'boolean', enum: [true] },
                            paths: { type: 'array', items: { type: 'string' } },
                          },
                        },
                        {
                          type: 'object',
                          required: ['ok', 'error'],
                          properties: {
                            ok: { type: 'boolean', enum: [false] },
                            error: { $ref: '#/components/schemas/WebhookParseError' },
                          },
                        },
                      ],
                    },
                  },
                },
                example: { data: { ok: true, paths: ['a', 'b', 'b.c'] } },
              },
            },
          },
          400: refusal('Another body than described.'),
          401: refusal('Not signed in.'),
          403: refusal('No permission to edit workflows.'),
        },
      },
    },
  },
  components: {
    securitySchemes: {
      WebhookBasic: {
        type: 'http',
        scheme: 'basic',
        description: 'User and password of the webhook, where it has one.',
      },
    },
    schemas: {
      WebhookErrors: {
        type: 'object',
        required: ['errors'],
        properties: {
          errors: {
            type: 'array',
            items: {
              type: 'object',
              required: ['message'],
              properties: {
                code: { type: 'string', description: 'Stable, e.g. `NOT_FOUND`.' },
                message: { type: 'string' },
              },
            },
          },
        },
      },
      WebhookParseError: {
        type: 'object',
        required: ['code', 'message', 'line', 'column', 'offset'],
        properties: {
          code: { type: 'string', description: 'Stable, e.g. `JSON_UNEXPECTED_CHARACTER`.' },
          message: { type: 'string' },
          line: { type: 'integer', minimum: 1 },
          column: { type: 'integer', minimum: 1, description: 'In UTF-16 units.' },
          offset: { type: 'integer', minimum: 0, description: 'In bytes.' },
        },
      },
    },
  },
};
