import type { Context } from '@nocobase/actions';
import { MOST_LEVELS } from '../endpoints/nesting';

/** What one value of an action must be. */
export interface Field<T> {
  /** What is expected, for the error. */
  expected: string;
  fits(value: unknown): value is T;
  /** Returns the number of characters of a value; more than `most` get 413. */
  length?(value: T): number;
  most?: number;
  optional?: boolean;
}

export type Fields<T> = { [name in keyof T]-?: Field<Exclude<T[name], undefined>> };

/** Half of a surrogate pair. JavaScript strings may contain it, but UTF-8 and thus the addon can't represent it. */
const HALF_PAIR = /\p{Surrogate}/u;

/** A text of at most `most` characters. */
export function text(most: number): Field<string> {
  return {
    expected: 'a string',
    fits: (value): value is string => typeof value === 'string' && !HALF_PAIR.test(value),
    length: (value) => value.length,
    most,
  };
}

/** An object whose JSON text has at most `most` characters. */
export function object(most: number): Field<object> {
  return {
    expected: `an object nested at most ${MOST_LEVELS} levels deep, without half of a surrogate pair`,
    fits: (value): value is object => kindOf(value) === 'an object' && isJudgeable(value, MOST_LEVELS),
    length: (value) => JSON.stringify(value).length,
    most,
  };
}

/** A number of milliseconds since 1970. */
export function time(): Field<number> {
  return {
    expected: 'a number of milliseconds since 1970',
    fits: (value): value is number => typeof value === 'number' && Math.abs(value) <= 8.64e15,
  };
}

/** The largest id: a column of NocoBase's ids has 64 bits, one of them for the sign. */
const MOST_ID = 2n ** 63n - 1n;

/** The id of a record. */
export function id(): Field<number | string> {
  return {
    expected: 'an id: a whole number or its digits, of at most 63 bits',
    fits: (value): value is number | string =>
      typeof value === 'string'
        ? /^\d{1,19}$/.test(value) && BigInt(value) <= MOST_ID
        : Number.isSafeInteger(value) && Number(value) >= 0,
  };
}

/** A whole number from 1 to `most`, as it is in a query: its digits. */
export function numeral(most: number): Field<number | string> {
  return {
    expected: `a whole number from 1 to ${most}`,
    fits: (value): value is number | string => /^[1-9]\d{0,8}$/.test(String(value)) && Number(value) <= most,
  };
}

/** One of the given texts. */
export function oneOf<T extends string>(...texts: T[]): Field<T> {
  return {
    expected: texts.map((known) => `"${known}"`).join(' or '),
    fits: (value): value is T => texts.includes(value as T),
  };
}

/** A value that may be omitted; `null` counts as omitted. */
export function optional<T>(field: Field<T>): Field<T> {
  return { ...field, optional: true };
}

/**
 * Returns the values that an action received, in its body unless said otherwise, without those that aren't fields. Responds with 400 to a value of another type, and
 * with 413 to one that is too large, without repeating the value: it may be a secret.
 */
export function valuesOf<T extends object>(
  ctx: Context,
  fields: Fields<T>,
  sent: unknown = ctx.action.params.values ?? {},
): T {
  if (kindOf(sent) !== 'an object') {
    ctx.throw(400, `expected an object, but found ${kindOf(sent)}`);
  }
  const values: Partial<Record<string, unknown>> = {};
  for (const [name, field] of Object.entries<Field<unknown>>(fields as never)) {
    const value = (sent as Record<string, unknown>)[name] ?? undefined;
    if (value === undefined && field.optional) {
      continue;
    }
    if (!field.fits(value)) {
      ctx.throw(400, `expected ${name} to be ${field.expected}, but found ${kindOf(value)}`);
    }
    const length = field.length?.(value) ?? 0;
    if (field.most !== undefined && length > field.most) {
      ctx.throw(413, `expected ${name} to have at most ${field.most} characters, but found ${length}`);
    }
    values[name] = value;
  }
  return values as T;
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) {
    return 'nothing';
  }
  if (Array.isArray(value)) {
    return 'a list';
  }
  if (typeof value === 'string' && HALF_PAIR.test(value)) {
    return 'a string with half of a surrogate pair';
  }
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** Whether a value has at most `levels` levels, and only strings that can be written in UTF-8. */
function isJudgeable(value: unknown, levels: number): boolean {
  if (typeof value === 'string') {
    return !HALF_PAIR.test(value);
  }
  if (typeof value !== 'object' || value === null) {
    return true;
  }
  return (
    levels > 0 && Object.entries(value).every(([key, inner]) => !HALF_PAIR.test(key) && isJudgeable(inner, levels - 1))
  );
}
