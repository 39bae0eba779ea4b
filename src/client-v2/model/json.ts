import { type Node, parseTree } from 'jsonc-parser';
import { trimEnd, trimStart } from 'lodash';

/** The position of an error in a text, counted from 1. */
export interface Place {
  line: number;
  column: number;
}

export type JsonResult =
  { ok: true; value: unknown } | { ok: false; reason: 'syntax' | 'number' | 'key'; place: Place };

/** Represents JSON text that can't be saved: keeps what was typed until the form's rules reject it. */
export class UnreadableJson {
  constructor(
    readonly text: string,
    readonly error: Extract<JsonResult, { ok: false }>,
  ) {}
}

function placeOf(text: string, offset: number): Place {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: before[before.length - 1].length + 1 };
}

/**
 * Parses JSON text that is to be saved. Rejects invalid JSON, and also what parsing would silently change: a number that a
 * double can't represent, and a key that appears twice in an object.
 */
export function readJson(text: string): JsonResult {
  let value: unknown;
  const errors: { offset: number }[] = [];
  const tree = parseTree(text, errors as never, { disallowComments: true, allowTrailingComma: false });
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, reason: 'syntax', place: placeOf(text, errors[0]?.offset ?? text.length) };
  }
  const changed = tree && firstChanged(tree, text);
  return changed
    ? { ok: false, reason: changed.reason, place: placeOf(text, changed.node.offset) }
    : { ok: true, value };
}

function firstChanged(root: Node, text: string): { reason: 'number' | 'key'; node: Node } | undefined {
  const pending = [root];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (node.type === 'number' && !isExact(text.slice(node.offset, node.offset + node.length))) {
      return { reason: 'number', node };
    }
    if (node.type === 'object') {
      const keys = new Set<unknown>();
      for (const property of node.children ?? []) {
        const key = property.children?.[0];
        if (key && keys.has(key.value)) {
          return { reason: 'key', node: key };
        }
        keys.add(key?.value);
      }
    }
    pending.push(...[...(node.children ?? [])].reverse());
  }
  return undefined;
}

/** Whether a double keeps every digit of a number literal: true for `1.50` and `1e2`, false for `12345678901234567890`. */
function isExact(literal: string): boolean {
  return digits(literal) === digits(String(Number(literal)));
}

/** Returns a number's sign, significant digits and power of ten, the same for every notation of it. */
function digits(literal: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(literal);
  if (!match) {
    return literal;
  }
  const [, sign, whole, fraction = '', exponent = '0'] = match;
  const all = trimStart(whole + fraction, '0');
  // A regular expression for trailing zeros would backtrack at each zero.
  const significant = trimEnd(all, '0');
  const power = Number(exponent) - fraction.length + (all.length - significant.length);
  return significant ? `${sign}${significant}e${power}` : '0';
}

/** Returns the form value of a typed text: the parsed value, `''` for empty text, or an `UnreadableJson`. */
export function valueOfText(text: string): unknown {
  if (!text.trim()) {
    return '';
  }
  const result = readJson(text);
  return result.ok ? result.value : new UnreadableJson(text, result);
}

/** Returns the text to edit for a form value. */
export function textOfValue(value: unknown): string {
  if (value instanceof UnreadableJson) {
    return value.text;
  }
  return value === undefined || value === '' ? '' : JSON.stringify(value, null, 2);
}
