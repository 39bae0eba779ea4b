/** The most levels of nesting in a configuration: no form creates more, and many would overflow the stack. */
export const MOST_LEVELS = 100;

/** Whether a value has at most `levels` levels. Looks no deeper, so that no value overflows the stack. */
export function isNestedAtMost(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) {
    return true;
  }
  return levels > 0 && Object.values(value).every((inner) => isNestedAtMost(inner, levels - 1));
}

/** What is expected of a configuration that is nested too deeply. */
export const TOO_DEEP = `expected a configuration nested at most ${MOST_LEVELS} levels deep`;
