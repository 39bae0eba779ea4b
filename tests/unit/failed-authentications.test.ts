// When an address that fails to authenticate is rejected by a webhook, and for how long.
import { beforeEach, expect, it } from 'vitest';
import { FailedAuthentications } from '../../src/server/receive/FailedAuthentications';

const ADDRESS = '192.0.2.7';

let now: number;
let failures: FailedAuthentications;
beforeEach(() => {
  now = 1_000_000;
  failures = new FailedAuthentications(() => now);
});

const fail = (times: number, { key = 'key', address = ADDRESS, every = 0 } = {}) => {
  for (let count = 0; count < times; count += 1) {
    failures.note(key, address);
    now += every;
  }
};
const wait = (key = 'key', address = ADDRESS) => failures.wait(key, () => address);

it('rejects an address after more than 20 failures within a minute', () => {
  fail(20);
  expect(wait()).toBe(0);
  fail(1);
  expect(wait()).toBe(60_000);
});

it('counts in every minute, not only in one that begins with the first failure', () => {
  fail(1);
  now += 50_000;
  fail(20, { every: 100 });
  expect(wait()).toBe(8_000);
  now += 8_000;
  // The first is a minute old; the others aren't.
  expect(wait()).toBe(0);
  fail(1);
  expect(wait()).toBe(50_000);
});

it('returns for how long: until the first of the last 21 failures is a minute old', () => {
  fail(30, { every: 1_000 });
  expect(wait()).toBe(60_000 - 21_000);
  now += 38_999;
  expect(wait()).toBe(1);
  now += 1;
  expect(wait()).toBe(0);
});

it('never rejects an address that fails 20 times a minute', () => {
  fail(200, { every: 3_000 });
  expect(wait()).toBe(0);
});

it('counts each webhook and each address by itself', () => {
  fail(21);
  expect(wait('other')).toBe(0);
  expect(wait('key', '192.0.2.8')).toBe(0);
});

it('counts the IPv6 addresses of one /64 as one address, since one caller has them all', () => {
  for (let count = 0; count < 21; count += 1) {
    fail(1, { address: `2001:db8:0:7:${count}::1` });
  }
  expect(wait('key', '2001:db8:0:7::')).toBe(60_000);
  expect(wait('key', '2001:db8::7:1:2:3:4')).toBe(60_000);
  for (const other of ['2001:db8:0:8::1', '2001:db8::7', '::1', '::', '192.0.2.7', '::ffff:192.0.2.7']) {
    expect(wait('key', other)).toBe(0);
  }
});

it("doesn't look up the address of a request to a webhook without recent failures", () => {
  const ask = () => {
    throw new Error('asked for the address');
  };
  expect(failures.wait('key', ask)).toBe(0);
  fail(1);
  expect(failures.wait('other', ask)).toBe(0);
  now += 60_000;
  expect(wait()).toBe(0);
  expect(failures.wait('key', ask)).toBe(0);
});

it('remembers at most the 10,000 addresses that failed last, none for longer than a minute', () => {
  fail(21, { address: 'first' });
  fail(21, { address: 'again' });
  for (let count = 0; count < 9_999; count += 1) {
    fail(1, { key: `key${count % 7}`, address: `2001:db8:0:${count}::1` });
  }
  expect(failures.size).toBe(10_000);
  expect([wait('key', 'first'), wait('key', 'again')]).toEqual([0, 60_000]);
  now += 60_000;
  fail(1);
  expect(failures.size).toBe(1);
});
