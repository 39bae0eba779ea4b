import { expectTypeOf, test } from 'vitest';

import {
  matchAddress,
  signaturePresets,
  verifySignature,
  type Diagnosis,
  type PresetName,
  type Scheme,
} from '../index.js';

test('the result of verifySignature is discriminated by `ok`', () => {
  const outcome = verifySignature('github', ['key'], { headers: {} }, 0);
  if (outcome.ok) {
    expectTypeOf(outcome.secret).toEqualTypeOf<number>();
    expectTypeOf(outcome.claims).toEqualTypeOf<Record<string, unknown> | undefined>();
  } else {
    expectTypeOf(outcome.diagnosis).toEqualTypeOf<Diagnosis>();
    expectTypeOf(outcome.diagnosis.message).toEqualTypeOf<string>();
    if (outcome.diagnosis.code === 'CLOCK_OFF') {
      expectTypeOf(outcome.diagnosis.seconds).toEqualTypeOf<number>();
    }
  }
});

test('rejects a scheme that cannot work', () => {
  const accept = [{ algorithm: 'hmac-sha256', encoding: 'hex', key: { form: 'text' } }] as const;
  expectTypeOf({
    kind: 'signature' as const,
    from: [{ header: 'x' }, { body: 'y' }],
    accept: [...accept],
    signed: '{body}',
  }).toExtend<Scheme>();
  expectTypeOf({
    kind: 'signature' as const,
    from: { cookie: 'x' },
    accept: [...accept],
    signed: '{body}',
  }).not.toExtend<Scheme>();
  expectTypeOf({ kind: 'jwt' as const, algorithms: ['none' as const] }).not.toExtend<Scheme>();
  expectTypeOf<'nobody'>().not.toExtend<PresetName>();
});

test('returns schemes by name, and whether an address matches', () => {
  expectTypeOf(signaturePresets()).toEqualTypeOf<Record<PresetName, Scheme>>();
  expectTypeOf(matchAddress).toEqualTypeOf<(ranges: ReadonlyArray<string>, address: string) => boolean>();
});
