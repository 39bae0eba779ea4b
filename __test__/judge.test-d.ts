import { expectTypeOf, test } from 'vitest';
import { type ConfigIssue, checkConfig, judge, verifyBasicAuth } from '../index';

test('a decision is told apart by accepted', () => {
  const decision = judge({}, { method: 'POST', headers: { a: ['b', 'c'], d: undefined }, body: new Uint8Array() });
  if (decision.accepted) {
    expectTypeOf(decision.variables.query).toEqualTypeOf<Record<string, unknown>>();
  } else {
    expectTypeOf(decision.status).toEqualTypeOf<number>();
    expectTypeOf(decision.headers).toEqualTypeOf<Record<string, string>>();
  }
  // @ts-expect-error a body is text or bytes
  judge({}, { body: {} });
});

test('issues and credentials are typed', () => {
  expectTypeOf(checkConfig({})).toEqualTypeOf<ConfigIssue[]>();
  expectTypeOf(verifyBasicAuth(null, 'u', 'p')).toEqualTypeOf<boolean>();
  // @ts-expect-error a password is text
  verifyBasicAuth('x', 'u', 1);
});
