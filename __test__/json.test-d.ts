import { expectTypeOf, it } from 'vitest';

import { extractPaths, inferPaths, type ParseError } from '../index.js';

it('the result of inferPaths is discriminated by `ok`', () => {
  expectTypeOf(inferPaths).parameter(0).toEqualTypeOf<string | Uint8Array>();
  const outcome = inferPaths('{}', 'json');
  if (outcome.ok) expectTypeOf(outcome.paths).toEqualTypeOf<string[]>();
  else expectTypeOf(outcome.error).toEqualTypeOf<ParseError>();
  // @ts-expect-error another kind is rejected
  inferPaths('{}', 'xml');
});

it('the result of extractPaths is discriminated by `ok`, with values of unknown type', () => {
  const outcome = extractPaths(Buffer.from('{}'), ['a'] as const);
  if (outcome.ok) expectTypeOf(outcome.values).toEqualTypeOf<Record<string, unknown>>();
  else expectTypeOf(outcome.error.code).toEqualTypeOf<string>();
  // @ts-expect-error a body that is an object already has nothing to extract from
  extractPaths({}, ['a']);
});
