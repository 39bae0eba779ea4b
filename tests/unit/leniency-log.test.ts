import { expect, it } from 'vitest';
import { LeniencyLog } from '../../src/server/receive/LeniencyLog';

function logOf() {
  const lines: string[] = [];
  const clock = { now: 0 };
  const log = new LeniencyLog({ info: (line: string) => lines.push(line) } as never, () => clock.now);
  const note = (leniency: string, key = 'k') =>
    log.note(leniency, { workflow: { id: 1, key } as never, address: () => '192.0.2.7' });
  return { lines, clock, note };
}

it('logs a way of each webhook once a minute', () => {
  const { lines, clock, note } = logOf();
  note('a');
  note('a');
  note('b');
  note('a', 'other');
  clock.now = 59_999;
  note('a');
  expect(lines).toEqual([
    'webhook request accepted (workflow 1, key k, from 192.0.2.7): it has a',
    'webhook request accepted (workflow 1, key k, from 192.0.2.7): it has b',
    'webhook request accepted (workflow 1, key other, from 192.0.2.7): it has a',
  ]);
  clock.now = 60_000;
  note('a');
  expect(lines).toHaveLength(4);
});

it('logs at most ten lines a second, and later what was left out', () => {
  const { lines, clock, note } = logOf();
  for (let way = 0; way < 20; way += 1) {
    note(String(way));
  }
  expect(lines).toHaveLength(10);
  clock.now = 1000;
  note('19');
  expect(lines).toHaveLength(11);
});
