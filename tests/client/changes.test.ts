import { describe, expect, it } from 'vitest';
import { differ } from '../../src/client-v2/model/changes';

describe('unsaved changes of a form', () => {
  it.each([
    [{ request: {} }, {}],
    [{ response: { headers: [], body: '' }, basicAuthentication: false }, { request: { files: null } }],
    [undefined, {}],
  ])('are not what fields add when they are shown: %j', (before, after) => {
    expect(differ(before, after)).toBe(false);
  });

  it.each([
    [{ request: { rawBody: true } }, {}],
    [{ list: [{}] }, { list: [] }],
    [{ list: ['a', 'b'] }, { list: ['b', 'a'] }],
    [{ count: 0 }, {}],
  ])('are other values, orders and rows: %j', (before, after) => {
    expect(differ(before, after)).toBe(true);
  });
});
