// Which JSON texts MariaDB and MySQL reject, decided before they are sent. `unstorable.test.ts` tests the databases themselves.
import { describe, expect, it } from 'vitest';
import { whyNotStorable } from '../../src/server/store/jsonLimits';
import { random } from '../crash/support';

const LIMITS = { depth: 3, packet: 10_000 };

describe('a JSON text', () => {
  it.each([
    ['[[[1]]]', undefined],
    ['[[[[1]]]]', /at most 3 levels/],
    ['{"a":{"b":[{}]}}', /at most 3 levels/],
    ['[[[]],[[]],[[]],[[]]]', undefined],
    ['{"[[[[":"{{{{\\"[[[["}', undefined],
    [`{"a":"${'x'.repeat(8000)}"}`, undefined],
    [`{"a":"${'x'.repeat(9000)}"}`, /max_allowed_packet of 10000 bytes/],
    [`{"a":"${'\\\\'.repeat(2200)}"}`, undefined],
    [`{"a":"${'\\\\'.repeat(2300)}"}`, /max_allowed_packet/],
    [`{"a":"${"'".repeat(4600)}"}`, /max_allowed_packet/],
    [`{"a":"${'ä'.repeat(4600)}"}`, /max_allowed_packet/],
  ])('%.40s is rejected only where a limit is passed', (json, reason) => {
    if (reason) {
      expect(whyNotStorable(json, LIMITS)).toMatch(reason);
    } else {
      expect(whyNotStorable(json, LIMITS)).toBeUndefined();
    }
  });

  it("is rejected exactly if a string in it isn't Unicode text", () => {
    const pieces = [String.raw`\ud800`, String.raw`\uDBFF`, String.raw`\udc00`, String.raw`\uDFFF`, String.raw`\ud7ff`];
    pieces.push(String.raw`\ue000`, String.raw`\\`, String.raw`\"`, String.raw`\/`, 'u', 'd800', '[', '😀');
    const next = random(7);
    let rejected = 0;
    for (let round = 0; round < 5000; round += 1) {
      const text = Array.from({ length: 1 + next() * 5 }, () => pieces[Math.floor(next() * pieces.length)]).join('');
      const json = `["${text}"]`;
      const [value] = JSON.parse(json) as [string];
      const wellFormed = !/\p{Surrogate}/u.test(value);
      expect([json, whyNotStorable(json, LIMITS) === undefined]).toEqual([json, wellFormed]);
      rejected += Number(!wellFormed);
    }
    expect(rejected).toBeGreaterThan(1000);
    expect(rejected).toBeLessThan(4000);
  });
});
