import { expectTypeOf, test } from 'vitest';

import {
  matchAddress,
  signaturePresets,
  verifySignature,
  type Diagnosis,
  type PresetName,
  type Scheme,
} from '../index.js';

test('the outcome of verifySignature tells an accepted request from a refused one', () => {
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

test('a scheme that cannot work does not compile', () => {
  const accept = [{ algorithm: 'hmac-sha256', encoding: 'hex', key: { form: 'text' } }] as const;
  expectTypeOf({
    kind: 'signature' as const,
    from: { header: 'x' },
    accept: [...accept],
    signed: '{body}',
  }).toExtend<Scheme>();
  expectTypeOf({
    kind: 'signature' as const,
    from: { body: 'x' },
    accept: [...accept],
    signed: '{body}',
  }).not.toExtend<Scheme>();
  expectTypeOf({ kind: 'jwt' as const, algorithms: ['none' as const] }).not.toExtend<Scheme>();
  expectTypeOf<'nobody'>().not.toExtend<PresetName>();
});

test('presets are schemes by name, and addresses are told apart by a boolean', () => {
  expectTypeOf(signaturePresets()).toEqualTypeOf<Record<PresetName, Scheme>>();
  expectTypeOf(matchAddress).toEqualTypeOf<(ranges: ReadonlyArray<string>, address: string) => boolean>();
});
