// The address in a path: the workflow's key and what follows it.
import { expect, it } from 'vitest';
import { addressIn, addressInUrl } from '../../src/server/http/address';

const PREFIX = '/api/';

it.each([
  ['/api/webhook:trigger/key', 'key', ''],
  ['/api/webhook:trigger/key/', 'key', ''],
  ['/api/webhook:trigger/key//', 'key', ''],
  ['/api/webhook:trigger/key/a', 'key', 'a'],
  ['/api/webhook:trigger/key/a/b', 'key', 'a/b'],
  ['/api/webhook:trigger/key/a/b/', 'key', 'a/b'],
  ['/api/webhook:trigger/key/a//', 'key', 'a/'],
  ['/api/webhook:trigger', '', ''],
  ['/api/webhook:trigger/', '', ''],
  ['/api/webhook:trigger//a', '', 'a'],
  ['/api/webhook%3Atrigger/key', 'key', ''],
  ['/api/WebHook%3atrigger/Key', 'Key', ''],
])('finds key and path in %s', (path, key, rest) => {
  expect(addressIn(path, PREFIX)).toEqual({ key, path: rest });
});

it.each([
  '/api/webhook:triggers/key',
  '/api/webhook:trigger%2Fkey',
  '/api/webhook/trigger/key',
  '/api/x/webhook:trigger/key',
  '/webhook:trigger/key',
  '/api/',
  '',
])('finds nothing in %s', (path) => {
  expect(addressIn(path, PREFIX)).toBeUndefined();
});

it.each([
  ['https://example.com/nb/api/__app/shop/webhook:trigger/key/a?x=/webhook:trigger/other', 'key', 'a'],
  ['/webhook:trigger/key#/a', 'key', ''],
  ['/webhook:triggers/webhook:trigger/key', 'key', ''],
])('finds the address in the URL %s', (url, key, path) => {
  expect(addressInUrl(url)).toEqual({ key, path });
});

it('finds no address in a URL without one', () => {
  expect(addressInUrl('https://example.com/?/webhook:trigger/key')).toBeUndefined();
  expect(addressInUrl('webhook:trigger/key')).toBeUndefined();
});
