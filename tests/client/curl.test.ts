import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { signaturePresets } from '../../index';
import { CUSTOM_SCHEMES } from '../../src/client-v2/model/authMethods';
import { curlCommand, needsSignature } from '../../src/client-v2/model/curl';

const presets = signaturePresets();
const rows = (...keys: string[]) => keys.map((key) => ({ key }));

/** Returns the arguments that a shell passes to the program. */
const argumentsOf = (command: string) =>
  execFileSync('sh', ['-c', `curl() { printf '%s\\0' "$@"; }; ${command}`], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1);

describe('the curl command', () => {
  it('sends a request as configured', () => {
    const command = curlCommand('https://example.com/api/webhook:trigger/abc', {
      basicAuthentication: { username: 'ann', password: `it's "$HOME" \\ !` },
      request: {
        headers: [{ key: 'X-Request-Id' }, { key: 'Content-Type' }, { key: 'Authorization' }],
        query: rows('q'),
        body: rows('order.id'),
      },
    });
    expect(argumentsOf(command)).toEqual([
      '-X',
      'POST',
      'https://example.com/api/webhook:trigger/abc?q=example',
      '-u',
      `ann:it's "$HOME" \\ !`,
      '-H',
      'Content-Type: application/json',
      '-H',
      'X-Request-Id: example',
      '-d',
      '{"order":{"id":"example"}}',
    ]);
  });

  it('contains the names of secret variables instead of their values, and masks the password if it is only shown', () => {
    const config = { basicAuthentication: { username: '{{$env.HOOK_USER}}', password: '{{ $env.HOOK_PASSWORD }}' } };
    expect(argumentsOf(curlCommand('https://x', config))).toContain('<HOOK_USER>:<HOOK_PASSWORD>');
    expect(
      argumentsOf(curlCommand('https://x', { basicAuthentication: { username: 'a', password: 'b' } }, { mask: '•••' })),
    ).toContain('a:•••');
  });

  it('sends an example if nothing is configured', () => {
    expect(argumentsOf(curlCommand('https://x', {}))).toEqual([
      '-X',
      'POST',
      'https://x',
      '-H',
      'Content-Type: application/json',
      '-d',
      '{"hello":"world"}',
    ]);
  });
});

describe('the curl command of a webhook with authentication', () => {
  const token = (from: object, prefix?: string) => ({
    scheme: { kind: 'token', from, prefix },
    secrets: [`s'1`, 's2'],
  });

  it('sends tokens in the configured places', () => {
    const config = {
      authentication: [
        token({ header: 'X-Webhook-Token' }),
        token({ header: 'Authorization' }, 'Bearer '),
        token({ query: 'to ken' }),
        token({ body: 'event.token' }),
        { preset: 'gitlab-token', secrets: ['{{$env.GITLAB}}'] },
      ],
      request: { query: [{ key: 'q' }], body: [{ key: 'event.id' }] },
    };
    const parts = argumentsOf(curlCommand('https://x', config, { presets }));
    expect(parts).toContain(`X-Webhook-Token: s'1`);
    expect(parts).toContain(`Authorization: Bearer s'1`);
    expect(parts).toContain('x-gitlab-token: <GITLAB>');
    expect(parts).toContain('https://x?q=example&to+ken=s%271');
    expect(parts.at(-1)).toBe(`{"event":{"id":"example","token":"s'1"}}`);
    expect(curlCommand('https://x', config, { presets, mask: '•' })).not.toMatch(/s'.*1|GITLAB>/);
    expect(needsSignature(config, presets)).toBe(false);
  });

  it('needs a signature for schemes that only the sender can satisfy', () => {
    expect(needsSignature({ authentication: [{ preset: 'stripe', secrets: ['s'] }] }, presets)).toBe(true);
    expect(needsSignature({ authentication: [{ scheme: CUSTOM_SCHEMES.jwt(), secrets: ['s'] }] }, presets)).toBe(true);
  });

  it.each([
    [{ methods: ['PUT', 'POST'] }, ['-X', 'PUT', 'https://x', '-H', 'Content-Type: application/json', '-d']],
    [{ methods: ['GET'], params: [{ key: 'a' }, { key: 'b' }] }, ['-X', 'GET', 'https://x/example/example']],
    [{ methods: ['HEAD'] }, ['-I', 'https://x']],
    [{ readAs: 'xml' }, ['-X', 'POST', 'https://x', '-H', 'Content-Type: application/xml', '-d']],
    [
      { readAs: 'form', body: [{ key: 'a.b' }] },
      ['-X', 'POST', 'https://x', '-H', 'Content-Type: application/x-www-form-urlencoded', '-d', 'a%5Bb%5D=example'],
    ],
  ])('sends a request that the webhook accepts: %j', (request, parts) => {
    expect(argumentsOf(curlCommand('https://x', { request })).slice(0, parts.length)).toEqual(parts);
  });
});
