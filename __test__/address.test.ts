import { expect, test } from 'vitest';

import { matchAddress } from '../index.js';

test('matches addresses and ranges of both versions', () => {
  const ranges = ['192.0.2.0/24', '2001:db8::/32', '203.0.113.7'];
  for (const inside of [
    '192.0.2.1',
    '::ffff:192.0.2.1',
    '2001:db8::1',
    '203.0.113.7',
    '203.0.113.7:443',
    '[2001:db8::1]:80',
  ]) {
    expect(matchAddress(ranges, inside), inside).toBe(true);
  }
  for (const outside of ['192.0.3.1', '203.0.113.8', '2001:db9::1', '::1', '', 'unknown', 'example.com']) {
    expect(matchAddress(ranges, outside), outside).toBe(false);
  }
  expect(matchAddress([], '192.0.2.1')).toBe(false);
});

test('throws a TypeError that says what was expected', () => {
  expect(() => matchAddress(['192.0.2.0/24', '192.0.2.0/33'], '192.0.2.1')).toThrow(
    new TypeError(
      'expected ranges to be addresses and ranges: expected an address such as 192.0.2.1 or a range such as ' +
        '192.0.2.0/24, but found another text (entry 2)',
    ),
  );
  expect(() => matchAddress('192.0.2.1' as never, '192.0.2.1')).toThrow(
    new TypeError('expected ranges to be an array of strings'),
  );
  expect(() => matchAddress([], 1 as never)).toThrow(new TypeError('expected address to be a string'));
});
