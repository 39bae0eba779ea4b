import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks again and again until there is an answer.
 *
 * @param what names it in the error
 * @param ask returns `undefined` or `false`, or throws, as long as there is none
 * @param timeout in ms
 * @throws an Error with the last error, when there is none in time
 */
export async function waitFor<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  timeout = 20_000,
): Promise<T> {
  const deadline = Date.now() + timeout;
  let cause: unknown;
  do {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await sleep(50);
  } while (Date.now() < deadline);
  throw new Error(`waited ${timeout / 1000} s in vain for ${what}`, { cause });
}

/**
 * Waits until an app has written something into its log, and gives what it wrote. The log comes through a pipe: a line may
 * come after the answer that it was written before.
 *
 * @param from how much of the log is passed over
 */
export async function logged(app: { logs(): string }, text: string, from = 0): Promise<string> {
  return waitFor(`the log to say "${text}"`, async () => {
    const written = app.logs().slice(from);
    return written.includes(text) && written;
  });
}
