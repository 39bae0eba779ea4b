/** Timing two ways of doing the same in one process. */

/** The one in the middle; of an even number the higher of the two. */
export const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

/** Nanoseconds of one call; the promise of one that gives a promise is waited for. */
async function time(side, calls) {
  const start = process.hrtime.bigint();
  for (let call = 0; call < calls; call++) {
    const result = side();
    if (result instanceof Promise) await result;
  }
  return Number(process.hrtime.bigint() - start) / calls;
}

/**
 * Nanoseconds of one call of each side: the medians over short rounds in which the sides take turns, so that whatever else
 * happens on the machine happens to all of them.
 *
 * @param {Array<() => unknown>} sides give equal results, or promises of them; whoever calls this has asserted it
 * @param {boolean} quick few rounds: to see that it works, not for the numbers
 * @returns {Promise<number[]>} in the order of the sides
 */
export async function sideBySide(sides, quick) {
  // Enough calls for a round to be well above the clock, few enough for many rounds.
  let slowest = 0;
  for (const side of sides) slowest = Math.max(slowest, await time(side, 3));
  const calls = Math.max(1, Math.min(2000, Math.round((quick ? 1e5 : 2e6) / slowest)));
  const rounds = quick ? 5 : slowest > 3e6 ? 15 : 41;
  for (const side of sides) await time(side, calls * 4);
  const times = sides.map(() => []);
  for (let round = 0; round < rounds; round++) {
    // Whoever comes first may pay for the garbage of the other: they take turns.
    for (let turn = 0; turn < sides.length; turn++) {
      const at = (turn + round) % sides.length;
      times[at].push(await time(sides[at], calls));
    }
  }
  return times.map(median);
}
