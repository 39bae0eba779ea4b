import { expectTypeOf, test } from 'vitest';
import {
  type ConfigIssue,
  checkConfig,
  Endpoint,
  judge,
  type Judgement,
  refuse,
  type Rejection,
  type Reply,
  type Variables,
  type Verdict,
  verifyBasicAuth,
  verifySignature,
  type WebhookRequest,
} from '../index';

test('a judgement is discriminated by `accepted`', () => {
  const judgement = judge({}, { method: 'POST' });
  expectTypeOf(judgement).toEqualTypeOf<Judgement>();
  if (judgement.accepted) {
    expectTypeOf(judgement.variables).toEqualTypeOf<Variables>();
    expectTypeOf(judgement.idempotencyKey).toEqualTypeOf<string | undefined>();
  } else {
    expectTypeOf(judgement.status).toEqualTypeOf<number>();
    expectTypeOf(judgement.headers).toEqualTypeOf<Record<string, string>>();
  }
});

test('every function takes the same request, with headers in any of their forms', () => {
  expectTypeOf(judge).parameter(1).toEqualTypeOf<WebhookRequest>();
  expectTypeOf(verifySignature).parameter(2).toEqualTypeOf<WebhookRequest>();
  judge({}, { headers: { a: ['b', 'c'], d: undefined }, body: new Uint8Array() });
  judge({}, { headers: [['a', 'b']] });
  judge({}, { headers: ['a', 'b'] });
  const endpoint = new Endpoint('{}', 1);
  void endpoint.diagnose({ headers: [['a', 'b']], body: '{}', receivedAtMs: 0 });
  // @ts-expect-error a body is text or bytes
  judge({}, { body: {} });
  // @ts-expect-error a header is text
  judge({}, { headers: { a: 1 } });
});

test('a verdict is discriminated by `kind`', () => {
  const verdict = new Endpoint('{}', 1).judgeFunction()('', new Uint8Array());
  expectTypeOf(verdict).toEqualTypeOf<string | Verdict>();
  if (typeof verdict !== 'string') {
    switch (verdict.kind) {
      case 'event':
        expectTypeOf(verdict.context).toEqualTypeOf<string>();
        break;
      case 'verification':
        expectTypeOf(verdict.reply).toEqualTypeOf<Reply>();
        break;
      case 'acknowledge':
        expectTypeOf(verdict.secret).toEqualTypeOf<number | undefined>();
        break;
      case 'rejection':
        expectTypeOf(verdict.code).toEqualTypeOf<string>();
    }
  }
  expectTypeOf(refuse('busy')).toEqualTypeOf<Rejection>();
  expectTypeOf<Rejection>().toExtend<Reply>();
});

test('issues and credentials are typed', () => {
  expectTypeOf(checkConfig({})).toEqualTypeOf<ConfigIssue[]>();
  expectTypeOf(verifyBasicAuth(null, 'u', 'p')).toEqualTypeOf<boolean>();
  // @ts-expect-error a password is text
  verifyBasicAuth('x', 'u', 1);
});
