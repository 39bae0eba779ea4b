/** Compares the time of two implementations in one process. */

/** Returns the median; for an even count the higher of the two middle numbers. */
export const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

/** Returns the nanoseconds of one call, awaiting a returned promise. */
async function time(side, calls) {
  const start = process.hrtime.bigint();
  for (let call = 0; call < calls; call++) {
    const result = side();
    if (result instanceof Promise) await result;
  }
  return Number(process.hrtime.bigint() - start) / calls;
}

/**
 * Returns the nanoseconds of one call of each side: the medians over short rounds in which the sides take turns, so that
 * other load on the machine affects all of them.
 *
 * @param {Array<() => unknown>} sides return equal results, or promises of them, which the caller has asserted
 * @param {boolean} quick runs a few rounds only: to see that it works, not for the numbers
 * @returns {Promise<number[]>} in the order of the sides
 */
export async function sideBySide(sides, quick) {
  // Enough calls per round for the resolution of the clock, few enough for many rounds.
  let slowest = 0;
  for (const side of sides) slowest = Math.max(slowest, await time(side, 3));
  const calls = Math.max(1, Math.min(2000, Math.round((quick ? 1e5 : 2e6) / slowest)));
  const rounds = quick ? 5 : slowest > 3e6 ? 15 : 41;
  for (const side of sides) await time(side, calls * 4);
  const times = sides.map(() => []);
  for (let round = 0; round < rounds; round++) {
    // The first side may pay for the other's garbage collection, so they take turns.
    for (let turn = 0; turn < sides.length; turn++) {
      const at = (turn + round) % sides.length;
      times[at].push(await time(sides[at], calls));
    }
  }
  return times.map(median);
}
