import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { checkConfig, signaturePresets } from '../../index';
import { curlCommand, needsSignature } from '../../src/client-v2/model/curl';
import {
  hasPublicKeys,
  isOpen,
  madeUpForm,
  newTokenProof,
  OWN_SCHEMES,
  PRESETS,
  schemeOf,
} from '../../src/client-v2/model/proofs';
import { newSecret } from '../../src/client-v2/model/secret';

const presets = signaturePresets();

describe('a secret that is made up', () => {
  it('has 32 random bytes, in the form that the scheme wants', () => {
    expect(newSecret()).toMatch(/^[\w-]{43}$/);
    expect(Buffer.from(newSecret('base64'), 'base64')).toHaveLength(32);
    expect(newSecret('base64')).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    expect(newSecret('hex')).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(Array.from({ length: 100 }, () => newSecret())).size).toBe(100);
  });
});

describe('what the form knows of proofs', () => {
  it('names every preset of the core and no other', () => {
    expect(Object.keys(PRESETS).sort()).toEqual(Object.keys(presets).sort());
  });

  it.each(Object.values(OWN_SCHEMES))('begins with a scheme that the core takes', (create) => {
    expect(checkConfig({ authentication: [{ scheme: create(), secrets: [newSecret()] }] })).toEqual([]);
    expect(checkConfig({ authentication: [newTokenProof()] })).toEqual([]);
  });

  it('makes secrets up only where the sender does not give them', () => {
    expect(madeUpForm({ preset: 'github' })).toBe('text');
    expect(madeUpForm({ preset: 'stripe' })).toBeUndefined();
    expect(madeUpForm({ preset: 'of a later version' })).toBeUndefined();
    expect(madeUpForm(newTokenProof())).toBe('text');
    expect(madeUpForm({ scheme: presets.svix })).toBe('base64');
    const publicKey = { scheme: { kind: 'jwt', algorithms: ['HS256', 'RS256'] } };
    expect([madeUpForm(publicKey), hasPublicKeys(publicKey)]).toEqual([undefined, true]);
    const shared = { scheme: OWN_SCHEMES.jwt() };
    expect([madeUpForm(shared), hasPublicKeys(shared)]).toEqual(['text', false]);
  });

  it('takes a webhook for open that asks for nothing', () => {
    expect([{}, { authentication: [], basicAuthentication: false as const }].map(isOpen)).toEqual([true, true]);
    expect([{ authentication: [newTokenProof()] }, { basicAuthentication: {} }].map(isOpen)).toEqual([false, false]);
  });

  it('knows a preset once its scheme is there', () => {
    expect(schemeOf({ preset: 'slack' }, {})).toBeUndefined();
    expect(schemeOf({ preset: 'slack' }, presets)).toEqual(presets.slack);
  });
});

describe('the curl command of a webhook that asks for proofs', () => {
  const argumentsOf = (command: string) =>
    execFileSync('sh', ['-c', `curl() { printf '%s\\0' "$@"; }; ${command}`], { encoding: 'utf8' })
      .split('\0')
      .slice(0, -1);
  const token = (from: object, prefix?: string) => ({
    scheme: { kind: 'token', from, prefix },
    secrets: [`s'1`, 's2'],
  });

  it('brings secrets where they are asked for', () => {
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

  it('can not sign', () => {
    expect(needsSignature({ authentication: [{ preset: 'stripe', secrets: ['s'] }] }, presets)).toBe(true);
    expect(needsSignature({ authentication: [{ scheme: OWN_SCHEMES.jwt(), secrets: ['s'] }] }, presets)).toBe(true);
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
  ])('calls as the webhook takes it: %j', (request, parts) => {
    expect(argumentsOf(curlCommand('https://x', { request })).slice(0, parts.length)).toEqual(parts);
  });
});
