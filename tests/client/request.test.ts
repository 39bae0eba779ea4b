import { describe, expect, it } from 'vitest';
import { webhookUrl } from '../../src/client-v2/model/endpoint';
import { mergeRows } from '../../src/client-v2/model/rows';
import { exampleQuery, exampleValue } from '../../src/client-v2/model/sample';
import { isStatusCode, readStatusCode, statusText } from '../../src/client-v2/model/status';
import { requestVariables } from '../../src/client-v2/model/variables';

const rows = (...keys: string[]) => keys.map((key) => ({ key }));

describe('the URL of a webhook', () => {
  const getApiUrl = (path: string) => `https://example.com/nb/api/${path}`;

  it('starts with the base URL of the API', () => {
    expect(webhookUrl({ name: 'main', getApiUrl }, 'abc')).toBe('https://example.com/nb/api/webhook:trigger/abc');
  });

  it('contains the name of a sub-app', () => {
    expect(webhookUrl({ name: 'shop', getApiUrl }, 'abc')).toBe(
      'https://example.com/nb/api/__app/shop/webhook:trigger/abc',
    );
  });
});

describe('an example value', () => {
  it('contains each path', () => {
    expect(exampleValue(rows('order', 'order.id', 'items[0].sku', 'tags[]', 'note'))).toEqual({
      order: { id: 'example' },
      items: [{ sku: 'example' }],
      tags: ['example'],
      note: 'example',
    });
  });

  it('is an array if every path begins with an index', () => {
    expect(exampleValue(rows('[0].id', '[1]'))).toEqual([{ id: 'example' }, 'example']);
  });

  it('treats a quoted key as one key', () => {
    expect(exampleValue(rows('a["b.c"]'))).toEqual({ a: { 'b.c': 'example' } });
  });

  it('contains an object instead of a huge array', () => {
    expect(exampleValue(rows('items[4000000000].sku', 'items[0]', 'orders.20260101'))).toEqual({
      items: { 0: 'example', 4000000000: { sku: 'example' } },
      orders: { 20260101: 'example' },
    });
    expect(exampleValue(rows('[4000000000]', '[0]'))).toEqual({ 0: 'example', 4000000000: 'example' });
  });

  it('never changes the prototype', () => {
    expect(exampleValue(rows('__proto__.polluted', 'a'))).toEqual({ a: 'example' });
    expect({}).not.toHaveProperty('polluted');
  });

  it('is undefined without paths', () => {
    expect(exampleValue([{ key: '' }, {}])).toBeUndefined();
    expect(exampleValue(undefined)).toBeUndefined();
  });
});

describe('an example query', () => {
  it('writes paths in brackets, percent-encoded', () => {
    expect(exampleQuery(rows('q', 'query[0].a', 'é &'))).toBe(
      'q=example&query%5B0%5D%5Ba%5D=example&%C3%A9+%26=example',
    );
  });
});

describe('rows after parsing a sample', () => {
  const create = (key: string) => ({ key, _var: `new_${key}` });

  it('are in the order of the sample and keep their aliases and variable names', () => {
    const merged = mergeRows([{ key: 'b', alias: 'Bee', _var: 'v_b' }, { key: 'a' }], ['a', 'b', 'c'], create);
    expect(merged).toEqual({
      rows: [{ key: 'a' }, { key: 'b', alias: 'Bee', _var: 'v_b' }, { key: 'c', _var: 'new_c' }],
      added: 1,
      missing: [],
    });
  });

  it('end with the rows that the sample lacks, which are reported as missing', () => {
    const merged = mergeRows([{ key: 'old', alias: 'Old', _var: 'v_o' }, { key: '' }, { key: 'a' }], ['a'], create);
    expect(merged).toEqual({
      rows: [{ key: 'a' }, { key: 'old', alias: 'Old', _var: 'v_o' }],
      added: 0,
      missing: ['old'],
    });
  });

  it('keep two variables of one path', () => {
    const two = [
      { key: 'a', _var: 'v_1' },
      { key: 'a', _var: 'v_2' },
    ];
    expect(mergeRows(two, ['a'], create)).toEqual({ rows: two, added: 0, missing: [] });
  });
});

describe('the variables of a request', () => {
  const t = (key: string) => key;

  it('have the alias or path as label and the variable name as value', () => {
    const variables = requestVariables(
      {
        request: {
          keep: 'listed',
          headers: [{ key: 'X-Request-Id' }],
          query: [{ key: 'q', _var: 'v_q' }],
          body: [{ key: 'order.id', alias: 'Order', _var: 'v_o' }],
        },
      },
      t,
    );
    const [request, ...others] = variables;
    expect(request).toMatchObject({ value: 'request', label: 'Request' });
    expect(request.children?.map(({ value, label }) => [value, label])).toEqual([
      ['method', 'Method'],
      ['path', 'Path'],
      ['ip', 'IP address'],
      ['receivedAt', 'Received at'],
      ['id', 'Request ID'],
    ]);
    expect(others).toEqual([
      {
        key: 'headers',
        value: 'headers',
        label: 'Headers',
        children: [{ key: 'X-Request-Id', value: 'X-Request-Id', label: 'X-Request-Id' }],
      },
      { key: 'query', value: 'query', label: 'Query', children: [{ key: 'v_q', value: 'v_q', label: 'q' }] },
      { key: 'body', value: 'body', label: 'Body', children: [{ key: 'v_o', value: 'v_o', label: 'Order' }] },
    ]);
  });

  it('are nested if a path has no variable name', () => {
    const body = requestVariables(
      { request: { body: [{ key: 'order.id', alias: 'Order' }, { key: 'order.sku' }, { key: 'order' }] } },
      t,
    ).at(-1);
    expect(body?.children).toEqual([
      {
        key: 'order',
        value: 'order',
        label: 'order',
        children: [
          { key: 'id', value: 'id', label: 'Order' },
          { key: 'sku', value: 'sku', label: 'sku' },
        ],
      },
    ]);
  });

  it('include path parameters, the raw body and the claims of a token if configured', () => {
    const jwt = { scheme: { kind: 'jwt', algorithms: ['HS256'] }, secrets: ['s'] };
    expect(
      requestVariables(
        { authentication: [{ preset: 'github' }, jwt], request: { params: [{ key: 'shop' }], rawBody: true } },
        t,
      ).map(({ value, children }) => [value, children?.map((child) => child.value)]),
    ).toEqual([
      ['request', ['method', 'path', 'ip', 'receivedAt', 'id']],
      ['headers', undefined],
      ['params', ['shop']],
      ['query', undefined],
      ['body', undefined],
      ['rawBody', undefined],
      ['auth', undefined],
    ]);
  });

  it('are the whole query, body and, unless only listed ones are kept, headers, if no rows are configured', () => {
    const whole = [
      { key: 'query', value: 'query', label: 'Query' },
      { key: 'body', value: 'body', label: 'Body' },
    ];
    expect(requestVariables({ request: { keep: 'listed' } }, t).slice(1)).toEqual(whole);
    const headers = { key: 'headers', value: 'headers', label: 'Headers' };
    expect(requestVariables(undefined, t).slice(1)).toEqual([headers, ...whole]);
  });
});

describe('a status code', () => {
  it('is a whole number from 200 to 599', () => {
    expect([199, 200, 404, 599, 600, 200.5, '200', undefined].map(isStatusCode)).toEqual([
      false,
      true,
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  it('stays as typed while it is not a number', () => {
    expect(readStatusCode(' 404 ')).toBe(404);
    expect(readStatusCode('4o4')).toBe('4o4');
    expect(readStatusCode('')).toBe('');
  });

  it('is shown with its reason phrase if it is a common one', () => {
    expect(statusText(404)).toBe('404 Not Found');
    expect(statusText(418)).toBe('418');
  });
});
