import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { checkConfig, signaturePresets } from '../../index';
import { curlCommand, needsSignature } from '../../src/client-v2/model/curl';
import {
  hasPublicKeys,
  isPublic,
  generatedForm,
  newTokenMethod,
  CUSTOM_SCHEMES,
  PRESETS,
  schemeOf,
} from '../../src/client-v2/model/authMethods';
import { newSecret } from '../../src/client-v2/model/secret';

const presets = signaturePresets();

describe('a generated secret', () => {
  it('has 32 random bytes in the form that the scheme requires', () => {
    expect(newSecret()).toMatch(/^[\w-]{43}$/);
    expect(Buffer.from(newSecret('base64'), 'base64')).toHaveLength(32);
    expect(newSecret('base64')).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    expect(newSecret('hex')).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(Array.from({ length: 100 }, () => newSecret())).size).toBe(100);
  });
});

describe('the authentication methods of the form', () => {
  it('include exactly the presets of the core', () => {
    expect(Object.keys(PRESETS).sort()).toEqual(Object.keys(presets).sort());
  });

  it.each(Object.entries(CUSTOM_SCHEMES))('start with a scheme that the core accepts: %s', (_kind, create) => {
    expect(checkConfig({ authentication: [{ scheme: create(), secrets: [newSecret()] }] })).toEqual([]);
    expect(checkConfig({ authentication: [newTokenMethod()] })).toEqual([]);
  });

  it('generate secrets only if the sender does not provide them', () => {
    expect(generatedForm({ preset: 'github' })).toBe('text');
    expect(generatedForm({ preset: 'stripe' })).toBeUndefined();
    expect(generatedForm({ preset: 'of a later version' })).toBeUndefined();
    expect(generatedForm(newTokenMethod())).toBe('text');
    expect(generatedForm({ scheme: presets.svix })).toBe('base64');
    const publicKey = { scheme: { kind: 'jwt', algorithms: ['HS256', 'RS256'] } };
    expect([generatedForm(publicKey), hasPublicKeys(publicKey)]).toEqual([undefined, true]);
    const shared = { scheme: CUSTOM_SCHEMES.jwt() };
    expect([generatedForm(shared), hasPublicKeys(shared)]).toEqual(['text', false]);
  });

  it('count a webhook without methods as public', () => {
    expect([{}, { authentication: [], basicAuthentication: false as const }].map(isPublic)).toEqual([true, true]);
    expect([{ authentication: [newTokenMethod()] }, { basicAuthentication: {} }].map(isPublic)).toEqual([false, false]);
  });

  it('resolve a preset once its scheme is loaded', () => {
    expect(schemeOf({ preset: 'slack' }, {})).toBeUndefined();
    expect(schemeOf({ preset: 'slack' }, presets)).toEqual(presets.slack);
  });
});

describe('the curl command of a webhook with authentication', () => {
  const argumentsOf = (command: string) =>
    execFileSync('sh', ['-c', `curl() { printf '%s\\0' "$@"; }; ${command}`], { encoding: 'utf8' })
      .split('\0')
      .slice(0, -1);
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
