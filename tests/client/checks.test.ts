import { describe, expect, it } from 'vitest';
import { type Diagnosis, signaturePresets, verifySignature } from '../../index';
import { checkLabel, explain, outcomeLabel, placeLabel } from '../../src/client-v2/model/checks';

/** Replaces the placeholders of a key as i18next does. */
const t = (key: string, values: Record<string, string | number> = {}) =>
  key.replace(/\{\{(\w+)\}\}/g, (_, name: string) => String(values[name]));

/** Returns the core's diagnosis of a request, by default according to the preset of GitHub. */
function diagnose(
  headers: Record<string, string | string[]>,
  {
    scheme = 'github' as Parameters<typeof verifySignature>[0],
    secrets = ["It's a Secret to Everybody"],
    body = 'Hello, World!',
    now = 0,
  } = {},
): Diagnosis {
  const outcome = verifySignature(scheme, secrets, { headers, body }, now);
  if (outcome.ok) {
    throw new Error('expected a failed check, but it passed');
  }
  return outcome.diagnosis;
}

const SIGNATURE = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
const explained = (diagnosis: Diagnosis) => explain({ check: 'authentication', outcome: 'failed', diagnosis }, t);

describe('the explanations of a diagnosis', () => {
  it('say what is missing, repeated or malformed', () => {
    expect(explained(diagnose({}))).toEqual(['Missing: Header x-hub-signature-256']);
    expect(explained(diagnose({ 'x-hub-signature-256': [SIGNATURE, SIGNATURE] }))).toEqual([
      'Sent more than once: Header x-hub-signature-256',
    ]);
    expect(explained(diagnose({ 'x-hub-signature-256': 'md5=1' }))).toEqual([
      expect.stringMatching(
        /^Invalid format in Header x-hub-signature-256\. Expected: the configured prefix and 32 bytes in hexadecimal digits$/,
      ),
    ]);
  });

  it('say by how much a clock is off, and in which direction', () => {
    const slack = { scheme: 'slack' as const, now: 1_000_000 };
    const at = (time: number) => ({
      'x-slack-request-timestamp': String(time),
      'x-slack-signature': `v0=${'0'.repeat(64)}`,
    });
    expect(explained(diagnose(at(600), slack))).toEqual([
      'Timestamp too old: 400 s (tolerance 300 s).',
      'Check both clocks. For an older request, set “Received at”.',
    ]);
    expect(explained(diagnose(at(1400), slack))[0]).toBe('Timestamp is 400 s in the future (tolerance 300 s).');
  });

  it.each([
    ['Hello, World! ', undefined, /^The signature matches if whitespace differs/],
    ['Hello, World!\r\n', undefined, /^The signature matches (if whitespace differs|with different line endings)/],
    ['Hello, World!', [" It's a Secret to Everybody"], /^The secret has leading or trailing spaces/],
    ['Hello', undefined, /^Check that the secret matches/],
  ])('say what would make the signature match: %j %j', (body, secrets, hint) => {
    expect(explained(diagnose({ 'x-hub-signature-256': SIGNATURE }, { body, secrets }))).toEqual([
      'No configured secret matches.',
      expect.stringMatching(hint),
    ]);
  });

  it('say which secret is malformed', () => {
    const headers = {
      'webhook-id': '1',
      'webhook-timestamp': '0',
      'webhook-signature': `v1,${Buffer.alloc(32).toString('base64')}`,
    };
    expect(explained(diagnose(headers, { scheme: 'standard-webhooks', secrets: ['whsec_!'] }))).toEqual([
      expect.stringMatching(/^Secret 1 has an invalid format\. Expected: /),
    ]);
  });

  it('name every kind of place', () => {
    expect(
      [
        'header x-a',
        'query parameter q',
        'body at a.b or form field a',
        'body in <Encrypt>',
        'signature after t=',
        'of a later version',
      ].map((place) => placeLabel(place, t)),
    ).toEqual([
      'Header x-a',
      'Query parameter q',
      'Body path a.b / Form field a',
      'XML element <Encrypt>',
      'Signature element key t=',
      'of a later version',
    ]);
    // The core's own places: that of the first missing value of each preset.
    for (const scheme of Object.values(signaturePresets())) {
      const { code, ...rest } = diagnose({}, { scheme, secrets: ['s'], body: '{}' });
      expect(code).toBe('MISSING');
      const { place } = rest as { place: string };
      expect(placeLabel(place, t)).not.toBe(place);
    }
  });

  it('show the message of an unknown code, and the response that the caller gets', () => {
    const later = { code: 'LATER', message: 'expected a, but found b' } as unknown as Diagnosis;
    const rejection = { status: 401, code: 'UNAUTHORIZED', message: 'No.' };
    expect(explain({ check: 'authentication', outcome: 'failed', diagnosis: later, rejection }, t)).toEqual([
      'expected a, but found b',
      'Response: 401 No.',
    ]);
    expect(explain({ check: 'body', outcome: 'passed' }, t)).toEqual([]);
  });

  it('name the checks and their outcomes', () => {
    expect(checkLabel({ check: 'authentication', index: 1, outcome: 'passed' }, t)).toBe('Method 2');
    expect(outcomeLabel('notReached', t)).toBe('Not reached');
  });
});
