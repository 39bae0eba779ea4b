import { DELIVERY_RESULTS } from '../common/delivery';
import {
  DELIVERIES,
  DIAGNOSE_ACTION,
  INFER_ACTION,
  PRESETS_ACTION,
  REJECTIONS_ACTION,
  RESOURCE,
  TRIGGER_ACTION,
} from '../common/names';

/** A response in NocoBase's form for errors. */
const error = (description: string, headers?: Record<string, string>) => ({
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

/** NocoBase's own responses to users who may not call the editor's actions. */
const editorsOnly = {
  401: error('Not signed in.'),
  403: error('No permission to edit workflows.'),
};

/** NocoBase's own responses to users who may not see deliveries. */
const viewersOnly = {
  401: error('Not signed in.'),
  403: error('No permission to see deliveries.'),
};

/** A parameter of a query. */
const query = (name: string, description: string, schema: object) => ({ name, in: 'query', description, schema });

/** A response with the data of an action, wrapped as NocoBase does it. */
const answer = (description: string, data: object) => ({
  description,
  content: { 'application/json': { schema: { type: 'object', properties: { data } } } },
});

/** The result of an action: an object. */
const result = (description: string, properties: Record<string, object>) =>
  answer(description, { type: 'object', required: Object.keys(properties), properties });

const checks = { type: 'array', items: { $ref: '#/components/schemas/WebhookCheck' } };

/** A request to a webhook, with any of its methods. */
const request = {
  tags: [RESOURCE],
  summary: 'Deliver an event to a workflow',
  description: [
    'Starts the workflow with this key, with the values of headers, query and body that its trigger is configured',
    'to read. You don’t sign in to NocoBase; a webhook may require its own authentication: HTTP Basic authentication, a token,',
    'a signature, a JSON Web Token, or several of them at once.',
    '',
    'A webhook accepts POST, or the methods that it is configured to accept. It may also be configured to read segments of the',
    'path after the key.',
    '',
    'An asynchronous workflow responds as soon as the event is stored, as its trigger is configured. A synchronous one responds',
    'when it has ended, as its Response node is configured. The URL of a sub-app has `__app/<name>/` before `webhook:trigger`.',
    '',
    'Query parameters are values for the workflow; NocoBase’s own (`filter`, `filterByTk`, …) have no meaning here.',
  ].join('\n'),
  security: [{}, { WebhookBasic: [] }, { WebhookToken: [] }, { WebhookSignature: [] }, { WebhookJwt: [] }],
  parameters: [
    {
      name: 'key',
      in: 'path',
      required: true,
      description: 'Key of the workflow; the same for all of its versions.',
      schema: { type: 'string' },
    },
  ],
  responses: {
    200: {
      description:
        'The event was accepted. Status (200 to 599), headers and body are those of the configured response; without one it is 200 with an empty body.',
      content: {
        'application/json': { schema: anything },
        'text/plain': { schema: { type: 'string' } },
      },
    },
    202: { description: 'The synchronous workflow waits on a node (a delay, a person) and continues later.' },
    400: error(
      'Malformed JSON, multipart body, percent-encoding, compression or charset; says what is wrong and where.',
    ),
    401: error('Authentication is missing or wrong.', {
      'WWW-Authenticate': 'The authentication that is required.',
    }),
    403: error('The address is not on the IP allowlist, or the URL verification has the wrong token.'),
    404: error('No webhook exists at this URL: the key is unknown, or the workflow is disabled or of another type.'),
    405: error('The webhook does not accept this method.', { Allow: 'The methods that it accepts.' }),
    408: error('The synchronous workflow did not end within its time limit.'),
    413: error(
      'The body is too large, as sent or as inflated, so are the variables made from it, or a file is larger than its storage accepts.',
    ),
    415: error(
      'The content type or content encoding is not supported, or a file has a type that its storage does not accept.',
    ),
    422: error(
      'The database can never store this event: it is too large, nested too deeply, or contains text that the database rejects.',
    ),
    429: error('The rate limit is reached, or too many requests from this address failed to authenticate.', {
      'Retry-After': 'Seconds after which the next request is accepted.',
    }),
    500: error('The synchronous workflow failed, or the webhook’s configuration can’t be used.'),
    503: error(
      'The event can’t be stored now, too many requests are waiting, the state of the webhook is unknown, or the application is stopping.',
      {
        'Retry-After': 'Seconds after which to try again.',
      },
    ),
  },
};

/** The body of a request to a webhook. */
const content = {
  description:
    'May be empty. One `Content-Encoding` (gzip, deflate or br) is decoded, to at most 100 times the size. The limit is NocoBase’s `REQUEST_BODY_LIMIT`.',
  content: {
    'application/json': { schema: anything, example: { order: { id: 1, status: 'paid' } } },
    'application/x-www-form-urlencoded': { schema: { type: 'object' } },
    'multipart/form-data': { schema: { type: 'object' } },
    'application/xml': { schema: { type: 'object' } },
    'application/x-ndjson': { schema: { type: 'string' } },
    'text/plain': { schema: { type: 'string' } },
  },
};

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
      post: { ...request, requestBody: content },
      put: { ...request, requestBody: content },
      patch: { ...request, requestBody: content },
      get: request,
      head: request,
      delete: request,
    },
    [`/${RESOURCE}:${INFER_ACTION}`]: {
      post: {
        tags: [RESOURCE],
        summary: 'List the paths of a sample',
        description: 'What the editor’s “Parse” button calls. For users who may edit workflows.',
        requestBody: {
          required: true,
          content: {
            'application/json': {
              schema: {
                type: 'object',
                required: ['sample', 'kind'],
                properties: {
                  sample: {
                    type: 'string',
                    maxLength: 1_048_576,
                    description: 'A JSON text; or a URL, or the query of one.',
                  },
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
          400: error('The body is not as described.'),
          413: error('The sample is longer than described.'),
          ...editorsOnly,
        },
      },
    },
    [`/${RESOURCE}:${DIAGNOSE_ACTION}`]: {
      post: {
        tags: [RESOURCE],
        summary: 'Find out why a pasted request is rejected',
        description:
          'Takes a request through all checks of a configuration, saved or not. The result contains no secret, nor the correct signature. For users who may edit workflows.',
        requestBody: {
          required: true,
          content: {
            'application/json': {
              schema: {
                type: 'object',
                required: ['config', 'headers', 'body'],
                properties: {
                  config: {
                    type: 'object',
                    description:
                      'As in the workflow’s `config`; `{{$env.NAME}}` is filled. At most 262,144 characters of JSON, nested at most 100 levels deep.',
                  },
                  workflowId: { type: 'string', description: 'The workflow whose configuration it is, if it has one.' },
                  method: {
                    type: 'string',
                    maxLength: 32,
                    description:
                      'Defaults to that of a request line in `headers`, else to a method that the webhook accepts.',
                  },
                  url: {
                    type: 'string',
                    maxLength: 16_384,
                    description: 'The whole URL or its path; defaults to that of a request line in `headers`.',
                  },
                  headers: {
                    type: 'string',
                    maxLength: 32_768,
                    description:
                      'One `Name: value` per line, as shown by a browser, a proxy’s log or `curl -v`; at most 200 headers.',
                  },
                  body: { type: 'string', maxLength: 1_048_576, description: 'Exactly as it was sent.' },
                  bodyEncoding: { type: 'string', enum: ['text', 'base64'], default: 'text' },
                  at: {
                    type: 'number',
                    description: 'When it was received, in milliseconds since 1970; defaults to the current time.',
                  },
                },
              },
              example: {
                config: { authentication: [{ preset: 'github', secrets: ['{{$env.GITHUB_SECRET}}'] }] },
                headers: 'Content-Type: application/json\nX-Hub-Signature-256: sha256=…',
                body: '{"zen":"Keep it logically awesome."}',
              },
            },
          },
        },
        responses: {
          200: result('The result of each check.', {
            accepted: {
              type: 'boolean',
              description: 'Whether it is accepted as an event, or answered as a URL verification.',
            },
            checks,
            issues: {
              type: 'array',
              description: 'What is wrong with the configuration; a configuration that can’t be used has no checks.',
              items: {
                type: 'object',
                required: ['path', 'code', 'message'],
                properties: { path: { type: 'string' }, code: { type: 'string' }, message: { type: 'string' } },
              },
            },
          }),
          400: error('The body is not as described, or a line is not a header.'),
          413: error('A value is longer than described.'),
          ...editorsOnly,
        },
      },
    },
    [`/${RESOURCE}:${REJECTIONS_ACTION}`]: {
      post: {
        tags: [RESOURCE],
        summary: 'List the last requests that a webhook rejected',
        description: 'Without the values of their headers and without their bodies. For users who may edit workflows.',
        requestBody: {
          required: true,
          content: {
            'application/json': {
              schema: {
                type: 'object',
                required: ['workflowId'],
                properties: { workflowId: { oneOf: [{ type: 'integer' }, { type: 'string' }] } },
              },
            },
          },
        },
        responses: {
          200: result('At most ten, newest first.', {
            rejections: {
              type: 'array',
              items: {
                type: 'object',
                required: ['at', 'status', 'code', 'method', 'address', 'checks'],
                properties: {
                  at: { type: 'number', description: 'When it was received, in milliseconds since 1970.' },
                  status: { type: 'integer' },
                  code: { type: 'string' },
                  method: { type: 'string' },
                  address: { type: 'string', description: 'The address of the client; empty if unknown.' },
                  checks,
                },
              },
            },
          }),
          400: error('The body is not as described.'),
          404: error('No webhook workflow has this id.'),
          ...editorsOnly,
        },
      },
    },
    [`/${DELIVERIES}:list`]: {
      get: {
        tags: [RESOURCE],
        summary: 'List deliveries, newest first',
        description: 'What was recorded of the requests to webhooks, without their headers, queries and bodies.',
        parameters: [
          query(
            'workflowId',
            'A version of the workflow whose deliveries are wanted; those of all versions are listed.',
            {
              type: 'string',
            },
          ),
          query('result', 'What became of them.', { type: 'string', enum: [...DELIVERY_RESULTS] }),
          query('code', 'The code of a rejection.', { type: 'string', maxLength: 64 }),
          query('status', 'The status of the response.', { type: 'integer', minimum: 1, maximum: 599 }),
          query('before', 'Only older ones than the one with this id: `next` of the page before.', { type: 'string' }),
          query('limit', 'The most of a page.', { type: 'integer', minimum: 1, maximum: 100, default: 20 }),
        ],
        responses: {
          200: result('A page.', {
            deliveries: { type: 'array', items: { $ref: '#/components/schemas/WebhookDelivery' } },
            next: { type: 'string', nullable: true, description: '`before` of the next page; `null` on the last one.' },
          }),
          400: error('A parameter is not as described.'),
          404: error('No webhook workflow has this id.'),
          ...viewersOnly,
        },
      },
    },
    [`/${DELIVERIES}:get/{id}`]: {
      get: {
        tags: [RESOURCE],
        summary: 'Get a delivery',
        parameters: [
          {
            name: 'id',
            in: 'path',
            required: true,
            description: 'The id of the delivery.',
            schema: { type: 'string' },
          },
        ],
        responses: {
          200: answer('The delivery, with the checks of a rejected one where they are known.', {
            allOf: [{ $ref: '#/components/schemas/WebhookDelivery' }, { type: 'object', properties: { checks } }],
          }),
          400: error('The id is not a number of at most 63 bits.'),
          404: error('No delivery has this id.'),
          ...viewersOnly,
        },
      },
    },
    [`/${RESOURCE}:${PRESETS_ACTION}`]: {
      get: {
        tags: [RESOURCE],
        summary: 'List the schemes of known senders',
        description: 'For use by name as a `preset`, or modified as a `scheme`. For users who may edit workflows.',
        responses: {
          200: result('The schemes by name.', {
            presets: { type: 'object', additionalProperties: { type: 'object' } },
          }),
          ...editorsOnly,
        },
      },
    },
  },
  components: {
    securitySchemes: {
      WebhookBasic: {
        type: 'http',
        scheme: 'basic',
        description: 'User name and password of the webhook, if it requires them.',
      },
      WebhookToken: {
        type: 'apiKey',
        in: 'header',
        name: 'X-Webhook-Token',
        description: 'A shared token of the webhook. Its location is configurable; this is the default.',
      },
      WebhookSignature: {
        type: 'apiKey',
        in: 'header',
        name: 'X-Webhook-Signature',
        description: 'A signature over the request, in the header and format that the webhook is configured for.',
      },
      WebhookJwt: {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'JWT',
        description: 'A JSON Web Token that the webhook accepts.',
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
      WebhookDelivery: {
        type: 'object',
        required: ['id', 'workflowId', 'workflowKey', 'receivedAt', 'result', 'method', 'path', 'ip'],
        properties: {
          id: { type: 'string', description: 'That of its execution too, if it was accepted.' },
          workflowId: { type: 'string', description: 'The version of the workflow that received it.' },
          workflowKey: { type: 'string' },
          receivedAt: { type: 'string', format: 'date-time' },
          result: { type: 'string', enum: [...DELIVERY_RESULTS] },
          method: { type: 'string' },
          path: { type: 'string', description: 'What follows the key, at most 1,000 characters.' },
          ip: { type: 'string', description: 'The address of the client; empty if unknown.' },
          contentType: { type: 'string' },
          size: { type: 'integer', description: 'Bytes of the body as sent.' },
          status: { type: 'integer', description: 'The status of the response, once it is known.' },
          code: { type: 'string', description: 'The code of a rejection.' },
          durationMs: {
            type: 'integer',
            description:
              'Milliseconds until the response was decided; for an asynchronous one, until its event was given to the database.',
          },
          aborted: { type: 'boolean', description: 'Whether the client had gone by then.' },
          more: { type: 'integer', description: 'How many further requests of that second were like this one.' },
          leniency: { type: 'string', description: 'What was accepted though it is not written as it should be.' },
          executionId: { type: 'string', description: 'Its execution; for a duplicate, that of the first one.' },
          executionStatus: {
            type: 'integer',
            nullable: true,
            description: 'As in NocoBase: `null` waiting, 0 running, 1 succeeded, below 0 failed.',
          },
        },
      },
      WebhookCheck: {
        type: 'object',
        required: ['check', 'outcome'],
        properties: {
          check: {
            type: 'string',
            enum: ['method', 'size', 'address', 'basic', 'authentication', 'verification', 'envelope', 'body'],
          },
          index: { type: 'integer', description: 'Of an authentication method: its index in `authentication`.' },
          outcome: { type: 'string', enum: ['passed', 'failed', 'notReached', 'notConfigured'] },
          diagnosis: {
            type: 'object',
            description: 'Why it failed, for the owner.',
            required: ['code', 'message'],
            properties: { code: { type: 'string' }, message: { type: 'string' } },
            additionalProperties: true,
          },
          rejection: {
            type: 'object',
            description: 'The response to the sender.',
            required: ['status', 'code', 'message'],
            properties: { status: { type: 'integer' }, code: { type: 'string' }, message: { type: 'string' } },
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
