import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Polls until there is a result, and returns it.
 *
 * @param what describes the result in the error
 * @param poll returns `undefined` or `false`, or throws, until it has a result
 * @param timeout in ms
 * @throws an Error with the last error as its cause, if it has no result in time
 */
export async function waitFor<T>(
  what: string,
  poll: () => Promise<T | undefined | false>,
  timeout = 20_000,
): Promise<T> {
  const deadline = Date.now() + timeout;
  let cause: unknown;
  do {
    try {
      const result = await poll();
      if (result !== undefined && result !== false) return result;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await sleep(50);
  } while (Date.now() < deadline);
  throw new Error(`expected ${what} within ${timeout / 1000} s`, { cause });
}

/**
 * Waits until the log of an app contains a text, and returns the log. The log arrives through a pipe, so a line may arrive
 * after the response that it was written before.
 *
 * @param from the length of the log to skip
 */
export async function logged(app: { logs(): string }, text: string, from = 0): Promise<string> {
  return waitFor(`"${text}" in the log`, async () => {
    const written = app.logs().slice(from);
    return written.includes(text) && written;
  });
}

/**
 * Waits for the next second to begin. Only ten rejections a second have a line in the log: a test that expects one waits first, as
 * earlier tests may have used them up.
 */
export const nextSecond = () => sleep(1010 - (Date.now() % 1000));
