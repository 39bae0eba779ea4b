import { describe, expect, it } from 'vitest';
import { checkConfig, signaturePresets } from '../../index';
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
