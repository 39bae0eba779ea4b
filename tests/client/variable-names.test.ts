import { describe, expect, it } from 'vitest';
import { derivedName, newRow, withPath } from '../../src/client-v2/model/variableNames';

describe('the name of a variable', () => {
  it.each(['id', 'order.id', '_private.$ref'])('is the path where templates can read it: %s', (path) => {
    expect(derivedName(path)).toBeUndefined();
    expect(newRow(path)).toEqual({ key: path });
  });

  it.each([
    ['items[0].sku', 'items_0_sku'],
    ['items[].sku', 'items_each_sku'],
    ['content-type', 'content_type'],
    ['a b', 'a_b'],
    ['[0]', '0'],
    ['\u540d', 'value'],
  ])('is derived and readable where they cannot: %s', (path, name) => {
    expect(derivedName(path)).toBe(name);
  });

  it('is unique among the rows', () => {
    const rows = [{ key: 'items_0' }, { key: 'x', _var: 'items_0_2' }];
    expect(newRow('items[0]', rows)).toEqual({ key: 'items[0]', _var: 'items_0_3' });
  });

  it('follows the path only if it was derived from it', () => {
    expect(withPath({ key: 'a', alias: 'A' }, 'a[0]', [])).toEqual({ key: 'a[0]', alias: 'A', _var: 'a_0' });
    expect(withPath({ key: 'a[0]', _var: 'a_0' }, 'a', [])).toEqual({ key: 'a' });
    expect(withPath({ key: 'a', _var: 'v_random' }, 'a[0]', [])).toEqual({ key: 'a[0]', _var: 'v_random' });
  });
});
