import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readJson, textOfValue, UnreadableJson, valueOfText } from '../../src/client-v2/model/json';

describe('JSON text in a form', () => {
  it('is parsed as by JSON.parse, for every value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), fc.constantFrom(0, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(readJson(text)).toEqual({ ok: true, value: JSON.parse(text) });
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['{"ok": tru', 1, 8],
    ['{"a": 1,}', 1, 9],
    ['{\n  "a": 1\n  "b": 2\n}', 3, 3],
    ['{"id": {{$context.body.id}}}', 1, 9],
    ["{'a': 1}", 1, 2],
    ['{"a": 1} // no comments', 1, 10],
  ])('is rejected with the position of the error if it is not JSON: %j', (text, line, column) => {
    expect(readJson(text)).toEqual({ ok: false, reason: 'syntax', place: { line, column } });
  });

  it.each(['12345678901234567890', '0.1234567890123456789', '1e400', '9007199254740993'])(
    'is rejected if a number would change: %s',
    (number) => {
      expect(readJson(`{"n": ${number}}`)).toEqual({ ok: false, reason: 'number', place: { line: 1, column: 7 } });
    },
  );

  it.each(['0', '-0', '0.0', '1.50', '100', '1e2', '1E+2', '1.5e-7', '9007199254740992', '5e-324'])(
    'accepts every notation of a number: %s',
    (number) => {
      expect(readJson(number)).toEqual({ ok: true, value: JSON.parse(number) });
    },
  );

  it('is rejected if a key appears twice in one object, but not in two', () => {
    expect(readJson('{"a": 1,\n "b": {"a": 2, "a": 3}}')).toEqual({
      ok: false,
      reason: 'key',
      place: { line: 2, column: 16 },
    });
    expect(readJson('[{"a": 1}, {"a": 2}]').ok).toBe(true);
  });

  it('keeps what was typed while it can not be parsed', () => {
    const value = valueOfText('{"a": ');
    expect(value).toBeInstanceOf(UnreadableJson);
    expect(textOfValue(value)).toBe('{"a": ');
  });

  it('is an empty string if nothing was typed', () => {
    expect(valueOfText(' \n')).toBe('');
    expect(textOfValue('')).toBe('');
    expect(textOfValue(undefined)).toBe('');
  });
});
