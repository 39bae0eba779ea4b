// `npm run worst`: counts the instructions of the most expensive known inputs of 64 KiB with valgrind's callgrind, for every
// parser and for the whole evaluation. Fails if an input costs more than 20 times a typical one of that size, or if a count grew
// by more than 10 % above `bench/worst.json`. `npm run worst -- --update` writes the current counts.
//
// `npm run worst -- --search xml` searches for expensive inputs: it repeats every sequence of up to three fragments of that
// grammar and prints those that take the most time. Add its findings to `worst` below.
import { createHmac } from 'node:crypto';
import { parseArgs } from 'node:util';
import { checkMachine, main } from '../scripts/lib/bootstrap.mjs';
import { run } from '../scripts/lib/run.mjs';
import { KINDS } from './lib/bodies.mjs';
import { committed, count, machine, program, workFile } from './lib/callgrind.mjs';

const SIZE = 64 * 1024;

/** The maximum cost of an input, as a multiple of a typical one. */
const LIMIT = 20;

/** The accepted growth of a count. These counts include the C library, which depends on its version. */
const TOLERANCE = 0.1;

const SECRET = 'a secret of the bench of 32 bytes';
const MULTIPART = 'multipart/form-data; boundary=b';

/** Repeats a text up to 64 KiB, replacing `{n}` by a different number each time. */
function fill(repeated, before = '', after = '') {
  let text = '';
  for (let n = 0; ; n++) {
    const next = repeated.replaceAll('{n}', n.toString(36));
    if (before.length + text.length + next.length + after.length > SIZE) return before + text + after;
    text += next;
  }
}

const typed = (type, rows, more = {}) => ({
  make: (body) => ({ config: { request: { body: rows, ...more } }, headers: ['content-type', type], body }),
});
const rows = (...keys) => keys.map((key, index) => ({ key, _var: `v${index}` }));
const json = KINDS['GitHub push'].make(SIZE);
const hmac = (body) => `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`;
const signed = (authentication, headers, more = {}) => ({
  make: (body) => ({
    config: { authentication, ...more },
    headers: ['content-type', 'application/json', ...headers(body)],
    body,
  }),
});
const base64 = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const token = (header, claims) => `${base64(header)}.${base64(claims)}.${'A'.repeat(43)}`;
const repeat = (times, make) => Array.from({ length: times }, (_, index) => make(index));
/** A public key of RSA with 4096 bits. */
const RSA_KEY =
  'MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAgsACyQs/kJ6rMNvvT4d0nyuDulrEmRnkMhLXYm++LKNW2Sizpz/OxzMe' +
  '/tnZ+3grLaqj+1r+PZCilxalpYOXW2v+cjrmw2rizUVzdqV1KITl4pkvCerHGa/B+OteUUs1b2ACixCseocpU1b8qTmYnM31FsXv' +
  '6XhmzD2UHu+9MVj/LGECHO9px2l0/VmLPa5oaLIYffmb2ApT3VqUhGsiZK2XUjtqyLSU5BgtkAYXPmIIcIvJ04uWdB2W0VEeIr9V' +
  'rHU8I1E+etFINtuSqwLFkMyeOLGZWJO7NrLYjw+R0SXZrBifIAo4RNc/GwDu50csh1BAC/NwaEySGA8GYCEUMeP/9hOYbqDnykYM' +
  'fEsPpyzWhO2LDJCl2/4Rn0iNramBqJAEQJeUG32+hQPlRkNRs/APO30HE+dhsumhwDDs1IY/jRgPJXaBmBz0jMMffitYV+a03YGI' +
  'jsdeTDXNQJedos4/X2moqxvLmECEPtoG3QRte1jF1sniFA8mz6Eh/NYAc2CEpO0WhsG7/Z7hxgk1Li73cGAE3RG90WLrG8ffQg50' +
  'QPNanDpVBObti01RSWyIb+e1aFHUWtqjVBiKE3izOXIFIhgmeSMb6l7jdaE7IDV8Rp846DAVlbnQLbqgo73FHb7IQD1UeqM8cQt0' +
  'CQBOsk6gRpwcJ5nPpWwqY6z9l+ECAwEAAQ==';

/** A webhook that uses every part of a request. */
const request = signed(
  [{ preset: 'github', secrets: repeat(4, (n) => (n < 3 ? `${SECRET}${n}` : SECRET)) }],
  (body) => ['x-hub-signature-256', hmac(body)],
  {
    request: { rawBody: true, files: {}, body: rows('a', 'a.b', 'items[].sku', 'items[0].name', 'b[0][1]') },
    idempotency: { source: 'body', key: 'id' },
  },
);
const part = (name, more = '') => `--b\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n`;

/**
 * The parsers: `make` creates a case from an input; a typical input; the expensive ones by name; the fragments that the search
 * combines, and the text around them.
 */
const PARSERS = {
  json: {
    ...typed('application/json', rows('a', 'a.b', 'items[].sku', 'items[0].name', 'b[0][1]')),
    typical: KINDS['order list'].make(SIZE),
    worst: {
      'open arrays': `${'['.repeat(1999)}${']'.repeat(1999)}`,
      'empty strings': fill('"",', '[', '""]'),
      'empty objects': fill('{},', '[', '{}]'),
      escapes: fill('\\u00e9', '["', '"]'),
      members: fill('"{n}":0,', '{', '"":0}'),
      'the same member': fill('"a":{"b":0},', '{', '"":0}'),
      'elements on a path': fill('{"sku":0},', '{"items":[', '0]}'),
      digits: fill('1', '[', ']'),
      fractions: fill('1.1e1,', '[', '1]'),
    },
    fragments: [
      '[',
      ']',
      '{',
      '}',
      '"a":',
      '"b":',
      '"items":',
      '"sku":',
      ',',
      '0',
      '""',
      '"\\u0061"',
      '"\\\\"',
      'null',
      ' ',
      '"é"',
      '1e5',
    ],
    around: [
      ['[', '0]'],
      ['{', '"z":0}'],
      ['{"items":[', '0]}'],
    ],
  },
  'query and form': {
    ...typed('application/x-www-form-urlencoded', rows('a', 'items[].sku', 'items[0].name')),
    typical: fill('items[{n}][sku]=A-{n}&items[{n}][name]=Bread%20%26%20butter&'),
    worst: {
      pushes: fill('a[][][][][][][][]=&'),
      'pushes of names': fill('a[][b][][b][][b]=&'),
      'nested names': fill(`{n}${'[a]'.repeat(19)}=&`),
      'nested indices': fill(`{n}${'[0]'.repeat(19)}=&`),
      'the same nested name': fill(`a${'[a]'.repeat(19)}{n}=&`),
      names: fill('{n}&').split('&').slice(0, 10_000).join('&'),
      'too many names': fill('{n}&'),
      indices: fill('a[{n}]&'),
      'open brackets': fill('['),
      'open and closed': fill('[', '', fill(']').slice(0, SIZE / 2)).slice(0, SIZE),
      'texts and objects that meet': fill('a[b]{n}=1&a[b][c]{n}=1&'),
      escapes: fill('%5B%5D', '', '=1'),
      'control characters': fill('\u0001', 'a='),
    },
    fragments: [
      'a',
      'b',
      '[]',
      '[0]',
      '[999]',
      '[1000]',
      '[a]',
      '[b]',
      '[',
      ']',
      '=',
      '&',
      '%5B',
      '%5D',
      '%41',
      '+',
      '{n}',
      '__proto__',
    ],
    around: [['', '']],
  },
  xml: {
    ...typed('application/xml', rows('order.id', 'order.item[].sku')),
    typical: fill(
      '<item id="{n}"><sku>A-{n}</sku><price>9.50</price></item>',
      '<order xmlns="urn:x"><id>7</id>',
      '</order>',
    ),
    worst: {
      levels: fill('x', '<a>'.repeat(100), '</a>'.repeat(100)),
      'empty elements': fill('<a/>', '<a>', '</a>'),
      'elements of different names': fill('<_{n}/>', '<a>', '</a>'),
      'elements in elements': fill('<a><b/></a>', '<a>', '</a>'),
      attributes: fill(' _{n}=""', '<a', '/>'),
      'an attribute each': fill('<a b=""/>', '<a>', '</a>'),
      references: fill('&lt;', '<a>', '</a>'),
      numbers: fill('&#9;', '<a>x', '</a>'),
      'references in an attribute': fill('&lt;', '<a b="', '"/>'),
      CDATA: fill('<![CDATA[]]>', '<a>', '</a>'),
      comments: fill('<!---->', '<a>', '</a>'),
      instructions: fill('<?a?>', '<a>', '</a>'),
      'white space': fill('<a/> x', '<a>', '</a>'),
    },
    fragments: [
      '<a>',
      '</a>',
      '<b/>',
      '<_{n}/>',
      '<b c="">',
      '</b>',
      '<b c="&lt;"/>',
      'x',
      ' ',
      '&lt;',
      '&#9;',
      '<![CDATA[',
      ']]>',
      '<!--',
      '-->',
      '<?a?>',
      '>',
      ']]',
      '--',
    ],
    around: [
      ['<a>', '</a>'],
      ['<a b="', '"/>'],
    ],
  },
  multipart: {
    ...typed(MULTIPART, rows('a', 'items[].sku'), { files: {} }),
    typical: `${fill(`${part('items[{n}][sku]')}${'A long text of a field. '.repeat(20)}\r\n`)}--b--`,
    worst: {
      'small parts': `${fill(`${part('{n}')}\r\n`)
        .split('--b')
        .slice(0, 1000)
        .join('--b')}--b--`,
      'nested names': `${fill(`${part(`{n}${'[a]'.repeat(19)}`)}\r\n`)}--b--`,
      'almost a boundary': `${part('a')}${fill('\r\n--').slice(0, SIZE - 200)}\r\n--b--`,
      headers: `${fill(`--b\r\n${'a:\r\n'.repeat(2000)}Content-Disposition: form-data; name=a\r\n\r\n\r\n`)}--b--`,
      parameters: `${fill(`${part('a', ';a=b'.repeat(2000))}\r\n`)}--b--`,
      escapes: `${fill(`${part('%22'.repeat(1000))}\r\n`)}--b--`,
      'escapes of a file': `${fill(`${part('a', `;filename*=utf-8''${'%41'.repeat(300)}`)}\r\n`)}--b--`,
      'empty files': `${fill(`${part('a', ';filename=a')}\r\n`)
        .split('--b')
        .slice(0, 1000)
        .join('--b')}--b--`,
      'control characters': `${part('a')}${fill('\u0001').slice(0, SIZE - 200)}\r\n--b--`,
    },
    fragments: [
      '--b\r\n',
      '\r\n',
      'Content-Disposition: form-data; name=a',
      ';filename=a',
      ";filename*=utf-8''%41",
      ';a=b',
      'a:',
      '%22',
      '"',
      '\\"',
      '-',
      '--',
      '\r\n--',
    ],
    around: [
      [part('a'), '\r\n--b--'],
      ['--b\r\n', '\r\n--b--'],
      ['--b\r\nContent-Disposition: form-data; name=a', '\r\n\r\n\r\n--b--'],
    ],
  },
  ndjson: {
    ...typed('application/x-ndjson', rows('[].id', '[0].name')),
    typical: fill('{"id":{n0},"name":"An event","tags":["a","b"],"at":"2025-03-01T12:00:00Z"}\n'.replace('{n0}', '7')),
    worst: {
      'empty lines': fill('\n', '0'),
      'small values': fill('0\n'),
      'empty objects': fill('{}\n'),
      'empty strings': fill('""\n'),
      'white space': fill(' \n', '0\n'),
      'one value': fill('{"id":0}\n'),
      'a long line': fill(' ', '', '0'),
    },
    fragments: ['0', '{}', '[]', '""', '\n', '\r\n', ' ', '\t', '{"id":0}', '"\\u0061"', '1e5'],
    around: [['', '']],
  },
  text: {
    ...typed('text/plain', [], { rawBody: true }),
    typical: fill('A line of an ordinary text, number {n}, with "quotes" in it.\n'),
    worst: { 'control characters': fill('\u0001'), quotes: fill('"'), 'beyond ASCII': fill('é') },
    fragments: ['\u0001', '"', '\\', '\n', 'é', 'a', '😀'],
    around: [['', '']],
  },
  path: {
    make: (path) => ({ config: { request: { params: [{ key: 'a' }] } }, headers: [], path, body: '' }),
    typical: request.make(json),
    worst: { segments: fill('/a'), escapes: fill('%41'), slashes: fill('/'), 'control characters': fill('%01') },
    fragments: ['a', '/', '%41', '%', 'é', '%C3%A9', '"', '\u0001'],
    around: [['', '']],
  },
  addresses: {
    make: (forwarded) => ({
      config: { addresses: { allow: ['192.0.2.0/24'], proxies: ['192.0.2.0/24', '10.0.0.0/8', '2001:db8::/32'] } },
      headers: ['content-type', 'application/json', 'x-forwarded-for', forwarded],
      body: '',
    }),
    typical: request.make(json),
    worst: {
      proxies: fill('10.0.0.1,', '', '10.0.0.1'),
      commas: fill(','),
      'a long address': fill('1', '', '.0.0.1'),
      'white space': fill(' ', '10.0.0.1,', '10.0.0.1'),
    },
    fragments: ['10.0.0.1', ',', ' ', '192.0.2.9', '[2001:db8::1]:1', '%', ':', 'x'],
    around: [['', '10.0.0.1']],
  },
  'Basic and tokens': {
    make: (authorization) => ({
      config: {
        basicAuthentication: authorization.startsWith('Basic') ? { username: 'a', password: 'b' } : false,
        authentication: [
          { scheme: { kind: 'jwt', algorithms: ['HS256'] }, secrets: repeat(4, (n) => `${SECRET}${n}`) },
        ],
      },
      headers: ['content-type', 'application/json', 'authorization', authorization],
      body: '',
    }),
    typical: request.make(json),
    worst: {
      Basic: fill('YTpi', 'Basic '),
      'a large token': fill('e30', 'Bearer '),
      'a token': `Bearer ${token({ alg: 'HS256', typ: 'JWT' }, { exp: 1, a: 'b'.repeat(11_000) })}`,
      'a header of arrays': `Bearer ${token({ alg: 'HS256', a: JSON.parse('['.repeat(100) + ']'.repeat(100)) }, {})}`,
      'members of a header': `Bearer ${token({ alg: 'HS256', ...Object.fromEntries(repeat(1000, (n) => [`a${n}`, ''])) }, {})}`,
    },
    fragments: ['e30', '.', 'eyJhbGciOiJIUzI1NiJ9', 'Basic ', 'YTpi', '=', ' '],
    around: [
      ['Bearer ', ''],
      ['Basic ', ''],
    ],
  },
  signatures: {
    make: ({ preset, headers, body }) => ({
      config: { authentication: [{ preset, secrets: repeat(4, (n) => `${SECRET}${n}`) }] },
      headers: [...headers, 'content-type', 'application/json', 'webhook-id', '1', 'webhook-timestamp', '1740787200'],
      body,
    }),
    typical: request.make(json),
    worst: {
      elements: { preset: 'standard-webhooks', headers: ['webhook-signature', fill('v1,')], body: '{}' },
      signatures: {
        preset: 'standard-webhooks',
        headers: ['webhook-signature', fill(`v1,${'A'.repeat(43)}= `)],
        body: '{}',
      },
      'a form': {
        preset: 'twilio',
        headers: ['content-type', 'application/x-www-form-urlencoded', 'x-twilio-signature', `${'A'.repeat(27)}=`],
        body: fill('a{n}&').split('&').slice(0, 10_000).reverse().join('&'),
      },
      'names of a form with one beginning': {
        preset: 'twilio',
        headers: ['content-type', 'application/x-www-form-urlencoded', 'x-twilio-signature', `${'A'.repeat(27)}=`],
        body: fill(`${'a'.repeat(250)}{n}&`),
      },
    },
  },
  'public keys': {
    ...signed(
      [
        {
          scheme: {
            kind: 'signature',
            from: { header: 'x-signature' },
            separator: ' ',
            accept: [{ algorithm: 'rsa-sha256', encoding: 'base64', key: { form: 'text' } }],
            signed: '{body}',
          },
          secrets: repeat(4, () => RSA_KEY),
        },
      ],
      () => ['x-signature', repeat(2, (n) => Buffer.alloc(512, n + 1).toString('base64')).join(' ')],
    ),
    typical: request.make(json),
    worst: { 'eight checks of RSA': '{}' },
  },
  'URL verification': {
    make: ({ handshake, body }) => ({
      config: { handshake },
      headers: ['content-type', 'application/json'],
      body,
    }),
    typical: request.make(json),
    worst: {
      "Feishu's URL verification": { handshake: { kind: 'feishu' }, body: fill('[],', '{"a":[', '0]}') },
      "Feishu's envelope": {
        handshake: { kind: 'feishu', encryptKey: SECRET },
        body: fill('AAAA', '{"encrypt":"', '"}'),
      },
      "DingTalk's envelope": {
        handshake: { kind: 'dingtalk', encodingAesKey: 'jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C', receiveId: 'a' },
        body: fill('A'.repeat(64), '{"encrypt":"', '"}'),
      },
    },
  },
  'a token in the body': {
    ...signed([{ scheme: { kind: 'token', from: { body: 'value[].state' } }, secrets: [SECRET] }], () => []),
    typical: fill(
      `{"state":"${SECRET}","resource":"a longer text about the resource"},`,
      '{"value":[',
      `{"state":"${SECRET}"}]}`,
    ),
    worst: {
      states: fill(`{"state":""},`, '{"value":[', `{"state":"${SECRET}"}]}`),
      numbers: fill(`0,`, '{"value":[', `{"state":"${SECRET}"}]}`),
    },
    fragments: ['{"state":"a"}', '{"state":{}}', '0', ',', '[]', '{"state":"\\u0061"}'],
    around: [['{"value":[', '0]}']],
  },
};

const withRequest = Object.keys(PARSERS.json.worst);
PARSERS['whole evaluation'] = {
  ...request,
  typical: json,
  worst: Object.fromEntries(withRequest.map((name) => [name, PARSERS.json.worst[name]])),
  fragments: PARSERS.json.fragments,
  around: PARSERS.json.around,
};

// The owner's debugger looks for the form in which a signature would match: in many, for each method and secret.
const unsigned = (bytes) => [
  'x-hub-signature-256',
  `sha256=${'0'.repeat(64)}`,
  'x-shopify-hmac-sha256',
  `${'A'.repeat(43)}=`,
  ...bytes,
];
PARSERS.debugger = {
  make: ({ body, headers = [] }) => ({
    config: {
      authentication: ['github', 'shopify', 'github', 'shopify'].map((preset) => ({
        preset,
        secrets: repeat(4, (n) => `${SECRET}${n}`),
      })),
    },
    headers: ['content-type', 'application/json', ...unsigned(headers)],
    body,
    diagnose: true,
  }),
  typical: { ...request.make(json), diagnose: true },
  worst: {
    'a wrong signature of 64 KiB': { body: json },
    'a wrong signature of 16 KiB': { body: KINDS['GitHub push'].make(16 * 1024) },
    'a wrong signature of 1 KiB': { body: KINDS['GitHub push'].make(1024) },
    'numbers that JavaScript spells otherwise': {
      body:
        fill('1e5,', '[', '0]')
          .slice(0, 16 * 1024 - 1)
          .replace(/,[^,]*$/, '') + ']',
    },
    escapes: { body: JSON.stringify('\u0001\u2028"'.repeat(1500)) },
  },
};

/** Returns all sequences of up to `most` fragments. */
function sequences(fragments, most) {
  let all = [[]];
  const found = [];
  for (let length = 1; length <= most; length++) {
    all = all.flatMap((before) => fragments.map((fragment) => [...before, fragment]));
    found.push(...all);
  }
  return found.map((parts) => parts.join(''));
}

/** Prints the inputs of a grammar that take the most time. */
async function search(name) {
  const { make, typical, fragments, around } = PARSERS[name];
  const executable = await program();
  const inputs = around.flatMap(([before, after]) =>
    sequences(fragments, 3).map((repeated) => ({
      shown: `${before}(${repeated})*${after}`,
      input: fill(repeated, before, after),
    })),
  );
  inputs.unshift({ shown: 'typical', input: typical });
  const taken = [];
  for (let at = 0; at < inputs.length; at += 100) {
    const some = inputs.slice(at, at + 100);
    const { file } = workFile(
      'search',
      some.map(({ input }) => make(input)),
    );
    const times = (await run(executable, [file, '--time'])).trim().split('\n').map(Number);
    some.forEach(({ shown }, index) => taken.push({ shown, time: times[index] }));
  }
  const base = taken[0].time;
  for (const { shown, time } of taken.sort((a, b) => b.time - a.time).slice(0, 15)) {
    console.log(
      `${(time / 1e6).toFixed(2).padStart(9)} ms ${(time / base).toFixed(1).padStart(6)} x  ${JSON.stringify(shown)}`,
    );
  }
}

/** Returns the work: the typical and the expensive inputs of every parser. */
function cases() {
  return Object.entries(PARSERS).flatMap(([parser, { make, typical, worst }]) => [
    { name: `${parser}: typical`, ...(typeof typical === 'string' ? make(typical) : typical), rejected: 'any' },
    ...Object.entries(worst).map(([name, input]) => ({ name: `${parser}: ${name}`, ...make(input), rejected: 'any' })),
  ]);
}

await main(async () => {
  const { values: options } = parseArgs({
    options: { update: { type: 'boolean', default: false }, search: { type: 'string' } },
  });
  checkMachine();
  if (options.search) return search(options.search);
  const held = await machine();
  const { known, write } = committed('worst.json', held, { ...options, command: 'worst' });
  const counted = await count('worst', cases(), () => true);
  const counts = Object.fromEntries(Object.entries(counted).map(([name, { instructions }]) => [name, instructions]));
  const wrong = [];
  for (const [name, now] of Object.entries(counts)) {
    const times = now / counts[`${name.split(': ')[0]}: typical`];
    const before = known.counts?.[name];
    console.log(
      `${name.padEnd(52)} ${String(now).padStart(10)} instructions ${times.toFixed(1).padStart(6)} x typical`,
    );
    if (times > LIMIT) wrong.push(`${name} costs ${times.toFixed(1)} times a typical input; the limit is ${LIMIT}`);
    if (!options.update && !(now <= before * (1 + TOLERANCE)))
      wrong.push(`${name} grew from ${before} to ${now} instructions`);
  }
  const gone = Object.keys(known.counts ?? {}).filter((name) => !(name in counts));
  if (!options.update && gone.length > 0) wrong.push(`missing: ${gone.join(', ')}`);
  if (options.update) write({ counts });
  if (wrong.length > 0) {
    throw new Error(
      `${wrong.join('\n')}\nReduce them, or update the counts with "npm run worst -- --update" and explain the growth in the commit.`,
    );
  }
});
