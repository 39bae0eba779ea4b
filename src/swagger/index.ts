import {
  DIAGNOSE_ACTION,
  INFER_ACTION,
  PRESETS_ACTION,
  REFUSALS_ACTION,
  RESOURCE,
  TRIGGER_ACTION,
} from '../common/names';

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

/** NocoBase's own answers to those who may not ask what the editor asks. */
const editorsOnly = {
  401: refusal('Not signed in.'),
  403: refusal('No permission to edit workflows.'),
};

/** What an action of the editor answers. */
const answer = (description: string, properties: Record<string, object>) => ({
  description,
  content: {
    'application/json': {
      schema: {
        type: 'object',
        properties: { data: { type: 'object', required: Object.keys(properties), properties } },
      },
    },
  },
});

const checks = { type: 'array', items: { $ref: '#/components/schemas/WebhookCheck' } };

/** A call of a webhook, with any of its methods. */
const delivery = {
  tags: [RESOURCE],
  summary: 'Deliver an event to a workflow',
  description: [
    'Starts the workflow with this key, with the values of headers, query and body that its trigger is configured',
    'to take. No sign-in to NocoBase is needed; a webhook may ask for proofs of its own: HTTP Basic authentication, a secret,',
    'a signature, a JSON Web Token, or several of them at once.',
    '',
    'A webhook takes POST, or the methods that it is configured to take. It may be configured to take segments of the path',
    'behind the key, too.',
    '',
    'An asynchronous workflow answers at once, as its trigger is configured, once the event is stored. A synchronous',
    'one answers when it is done, as its Response node is configured. The URL of a sub-app has `__app/<name>/` before',
    '`webhook:trigger`.',
    '',
    'Query parameters are values for the workflow; none of NocoBase’s own (`filter`, `filterByTk`, …) has a meaning here.',
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
        'The event was taken. Status (200 to 599), headers and body are those that the workflow is configured to answer with; without any it is 200 with an empty body.',
      content: {
        'application/json': { schema: anything },
        'text/plain': { schema: { type: 'string' } },
      },
    },
    202: { description: 'The synchronous workflow waits on a node (a delay, a person) and goes on later.' },
    400: refusal(
      'Malformed JSON, multipart body, percent-encoding, compression or charset; says what is wrong and where.',
    ),
    401: refusal('A proof is missing or wrong.', {
      'WWW-Authenticate': 'The authentication that is asked for.',
    }),
    403: refusal('The address is not let in, or the sender’s question has no right token.'),
    404: refusal('No webhook answers at this address: an unknown key, or a workflow that is off or of another type.'),
    405: refusal('Another method than the webhook takes.', { Allow: 'The methods it takes.' }),
    408: refusal('The synchronous workflow did not end within its time limit.'),
    413: refusal(
      'The body is too large, as sent or as inflated, so are the variables made of it, or a file is larger than its storage takes.',
    ),
    415: refusal(
      'A content type or content encoding that is not read, or a file of a type that its storage does not take.',
    ),
    422: refusal(
      'The database will never store this event: it is too large, nested too deep, or has text that it rejects.',
    ),
    429: refusal(
      'As many events as the webhook takes have come, or too many requests from this address failed to authenticate.',
      { 'Retry-After': 'Seconds after which it takes another one.' },
    ),
    500: refusal('The synchronous workflow failed, or the webhook’s configuration can not be used.'),
    503: refusal(
      'The event could not be stored now, too many requests wait already, the webhook’s state is in doubt, or the application is stopping.',
      {
        'Retry-After': 'Seconds after which to try again.',
      },
    ),
  },
};

/** What a call of a webhook may bring. */
const content = {
  description:
    'May be empty. One `Content-Encoding`, gzip, deflate or br, is undone, to at most 100 times the size. The limit is NocoBase’s `REQUEST_BODY_LIMIT`.',
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
      post: { ...delivery, requestBody: content },
      put: { ...delivery, requestBody: content },
      patch: { ...delivery, requestBody: content },
      get: delivery,
      head: delivery,
      delete: delivery,
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
          400: refusal('Another body than described.'),
          413: refusal('A sample that is longer than described.'),
          ...editorsOnly,
        },
      },
    },
    [`/${RESOURCE}:${DIAGNOSE_ACTION}`]: {
      post: {
        tags: [RESOURCE],
        summary: 'Tell why a pasted request is refused',
        description:
          'Takes a request through all checks of a configuration, saved or not. The answer holds no secret, nor the signature that would be right. For those who may edit workflows.',
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
                    description: 'Without it that of a request line in `headers`, or one that is taken.',
                  },
                  url: {
                    type: 'string',
                    maxLength: 16_384,
                    description: 'The whole URL or its path; without it that of a request line in `headers`.',
                  },
                  headers: {
                    type: 'string',
                    maxLength: 32_768,
                    description:
                      'One `Name: value` a line, as a browser, a proxy’s log or `curl -v` shows them; at most 200 headers.',
                  },
                  body: { type: 'string', maxLength: 1_048_576, description: 'Exactly as it was sent.' },
                  bodyEncoding: { type: 'string', enum: ['text', 'base64'], default: 'text' },
                  at: { type: 'number', description: 'When it came, in milliseconds since 1970; without it now.' },
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
          200: answer('What each check came to.', {
            accepted: { type: 'boolean', description: 'Whether it is let in, or answered as a sender’s question.' },
            checks,
            issues: {
              type: 'array',
              description: 'What is wrong with the configuration; there are no checks where it can not be used.',
              items: {
                type: 'object',
                required: ['path', 'code', 'message'],
                properties: { path: { type: 'string' }, code: { type: 'string' }, message: { type: 'string' } },
              },
            },
          }),
          400: refusal('Another body than described, or a line that is no header.'),
          413: refusal('A value that is longer than described.'),
          ...editorsOnly,
        },
      },
    },
    [`/${RESOURCE}:${REFUSALS_ACTION}`]: {
      post: {
        tags: [RESOURCE],
        summary: 'List the last requests that a webhook refused',
        description: 'Without the values of their headers and without their bodies. For those who may edit workflows.',
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
          200: answer('At most ten, the newest first; at most one of each second was kept.', {
            refusals: {
              type: 'array',
              items: {
                type: 'object',
                required: ['at', 'status', 'code', 'method', 'address', 'checks'],
                properties: {
                  at: { type: 'number', description: 'When, in milliseconds since 1970.' },
                  status: { type: 'integer' },
                  code: { type: 'string' },
                  method: { type: 'string' },
                  address: { type: 'string', description: 'Where it came from, as far as that can be told.' },
                  checks,
                },
              },
            },
          }),
          400: refusal('Another body than described.'),
          404: refusal('No webhook workflow has this id.'),
          ...editorsOnly,
        },
      },
    },
    [`/${RESOURCE}:${PRESETS_ACTION}`]: {
      get: {
        tags: [RESOURCE],
        summary: 'List the schemes of known senders',
        description:
          'To be used by name as a `preset`, or changed and used as a `scheme`. For those who may edit workflows.',
        responses: {
          200: answer('The schemes by name.', {
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
        description: 'User and password of the webhook, where it has one.',
      },
      WebhookToken: {
        type: 'apiKey',
        in: 'header',
        name: 'X-Webhook-Token',
        description:
          'A secret of the webhook. Where it stands is a matter of its configuration; this is where it begins.',
      },
      WebhookSignature: {
        type: 'apiKey',
        in: 'header',
        name: 'X-Webhook-Signature',
        description: 'A signature over the call, in the header and the form that the webhook is configured for.',
      },
      WebhookJwt: {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'JWT',
        description: 'A JSON Web Token that the webhook trusts.',
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
      WebhookCheck: {
        type: 'object',
        required: ['check', 'outcome'],
        properties: {
          check: {
            type: 'string',
            enum: ['method', 'size', 'address', 'basic', 'authentication', 'verification', 'envelope', 'body'],
          },
          index: { type: 'integer', description: 'Of a proof: its index in `authentication`.' },
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
            description: 'What the caller is told.',
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
