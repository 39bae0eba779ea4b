import fc from 'fast-check';
import { expect, test } from 'vitest';
import { judge } from '../index.js';

// A new seed each run; a failure prints it with the shortest input that fails. WEBHOOK_SEED repeats a run.
const seed = Number(process.env.WEBHOOK_SEED ?? Date.now() % 2 ** 31);
console.log(`seed of the multipart properties: ${seed}`);

/** What a webhook makes of a body that Node's own `fetch` would send. */
async function bodyOf(init: BodyInit, config: object = {}): Promise<unknown> {
  const sent = new Response(init);
  const headers = { 'content-type': sent.headers.get('content-type') as string };
  const decision = judge(config, { headers, body: new Uint8Array(await sent.arrayBuffer()) });
  return decision.accepted ? decision.variables.body : decision;
}

// Line breaks are sent otherwise in the one than in the other; half of a character can't be sent at all.
const text = fc.string({ unit: 'binary', maxLength: 12 }).map((value) => value.replace(/[\r\n]/g, ' '));
const name = fc.oneof(
  fc.array(fc.constantFrom('a', 'b', '[', ']', '[]', '0', '.', 'é'), { maxLength: 6 }).map((parts) => parts.join('')),
  // A header holds no control characters, and a backslash in it is read as curl writes it.
  text.map((value) => value.replace(/[\p{Cc}\\]/gu, 'x')),
);

test('reads fields like those of the same urlencoded form', async () => {
  const fields = fc.array(fc.tuple(name, text), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(fields, async (entries) => {
      const form = new FormData();
      entries.forEach(([key, value]) => form.append(key, value));
      // `qs` takes a name that holds `]=` apart otherwise, since it has not found the end of the name yet.
      fc.pre(!entries.some(([key]) => key.includes(']=')));
      expect(await bodyOf(form)).toEqual(await bodyOf(new URLSearchParams(entries)));
    }),
    { seed, numRuns: 500 },
  );
});

test('keeps the names, types and sizes of files', async () => {
  const files = fc.array(
    fc.tuple(
      text.filter((filename) => !/[\\/\p{Cc}]/u.test(filename) && !['', '.', '..'].includes(filename)),
      fc.constantFrom('image/png', 'text/plain', 'application/octet-stream'),
      fc.uint8Array({ maxLength: 100 }),
    ),
    { minLength: 2, maxLength: 5 },
  );
  await fc.assert(
    fc.asyncProperty(files, async (entries) => {
      const form = new FormData();
      for (const [filename, type, content] of entries) {
        form.append('f', new Blob([content as Uint8Array<ArrayBuffer>], { type }), filename);
      }
      const expected = entries.map(([filename, mimetype, { length }]) => ({ filename, mimetype, size: length }));
      expect(await bodyOf(form)).toEqual({ f: expected });
    }),
    { seed, numRuns: 300 },
  );
});

test('extracts from a field that is JSON, and a file’s size', async () => {
  const form = new FormData();
  form.append('file', new Blob(['some bytes'], { type: 'application/pdf' }));
  form.append('payload', new Blob(['{"event":"x"}'], { type: 'application/json' }));
  const config = { request: { keep: 'listed', body: [{ key: 'file.size' }, { key: 'payload.event' }] } };
  expect(await bodyOf(form, config)).toEqual({ file: { size: 10 }, payload: { event: 'x' } });
  const headers = { 'content-type': 'multipart/form-data; boundary=b' };
  const body =
    '--b\r\nContent-Disposition: form-data; name="payload"\r\nContent-Type: application/json\r\n\r\n' +
    '{"event":"x"}\r\n--b--\r\n';
  expect(judge({ request: { keep: 'listed', body: [{ key: 'payload.event' }] } }, { headers, body })).toEqual({
    accepted: true,
    variables: { headers: {}, query: {}, body: { payload: { event: 'x' } } },
  });
});

test('rejects a body without a boundary, with the position', async () => {
  expect(judge({}, { headers: { 'content-type': 'multipart/form-data' }, body: 'x' })).toMatchObject({
    accepted: false,
    status: 400,
    code: 'MULTIPART_BOUNDARY',
  });
});
