import { describe, expect, it } from 'vitest';
import { checkConfig, judge, signaturePresets } from '../../index';
import { CUSTOM_SCHEMES, schemeOf, secretsAfterChange } from '../../src/client-v2/model/authMethods';
import {
  generatedForm,
  hasMethod,
  hasPublicKeys,
  newTokenMethod,
  withOwnSecrets,
} from '../../src/common/authentication';
import type { TriggerConfig } from '../../src/common/config';
import { newSecret } from '../../src/common/secret';

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
  it.each(Object.entries(CUSTOM_SCHEMES))('start with a scheme that the core accepts: %s', (_kind, create) => {
    expect(checkConfig({ authentication: [{ scheme: create(), secrets: [newSecret()] }] })).toEqual([]);
    expect(checkConfig({ authentication: [newTokenMethod()] })).toEqual([]);
  });

  it('generate secrets only if the sender does not provide them', () => {
    expect(generatedForm({ preset: 'github' })).toBe('text');
    expect(generatedForm({ preset: 'woocommerce' })).toBe('text');
    expect(generatedForm({ preset: 'stripe' })).toBeUndefined();
    expect([generatedForm({ preset: 'alipay' }), hasPublicKeys({ preset: 'alipay' })]).toEqual([undefined, true]);
    expect(generatedForm({ preset: 'of a later version' })).toBeUndefined();
    expect(generatedForm(newTokenMethod())).toBe('text');
    expect(generatedForm({ scheme: presets.svix })).toBe('base64');
    const publicKey = { scheme: { kind: 'jwt', algorithms: ['HS256', 'RS256'] } };
    expect([generatedForm(publicKey), hasPublicKeys(publicKey)]).toEqual([undefined, true]);
    const shared = { scheme: CUSTOM_SCHEMES.jwt() };
    expect([generatedForm(shared), hasPublicKeys(shared)]).toEqual(['text', false]);
  });

  it('resolve a preset once its scheme is loaded', () => {
    expect(schemeOf({ preset: 'slack' }, {})).toBeUndefined();
    expect(schemeOf({ preset: 'slack' }, presets)).toEqual(presets.slack);
  });
});

describe('the secrets of a method whose sender has changed', () => {
  const token = { ...newTokenMethod(), secrets: ['mine'] };

  it('stay where the owner generates them for both', () => {
    expect(secretsAfterChange(token, { preset: 'github' })).toEqual(['mine']);
  });

  it('are empty where the new sender issues its own', () => {
    expect(secretsAfterChange(token, { preset: 'stripe' })).toEqual(['']);
  });

  it('are generated where the previous sender issued its own, or in another form', () => {
    expect(secretsAfterChange({ preset: 'stripe', secrets: ['whsec_1'] }, { preset: 'github' })).toEqual([
      expect.stringMatching(/^[\w-]{43}$/),
    ]);
    expect(secretsAfterChange(token, { scheme: presets.svix })).toEqual([
      expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/),
    ]);
  });

  it('stay references to variables', () => {
    const before = { ...token, secrets: ['mine', '{{$env.SECRET}}'] };
    expect(secretsAfterChange(before, { preset: 'stripe' })).toEqual(['{{$env.SECRET}}']);
  });
});

describe('a configuration without an authentication method', () => {
  const token = { authentication: [newTokenMethod()] };
  const basicAuthentication = { username: 'u', password: 'p' };

  it.each<[string, TriggerConfig]>([
    ['none', {}],
    ['null', { authentication: null as never, basicAuthentication: false }],
    ['not public', { public: false }],
    ['confirmed', { public: true }],
    ['a token', token],
    ['a token, and confirmed as public', { ...token, public: true }],
    ['Basic', { basicAuthentication }],
    ['Basic, and confirmed as public', { basicAuthentication, public: true }],
    ['a preset and Basic', { authentication: [{ preset: 'github', secrets: ['s'] }], basicAuthentication }],
  ])('means the same to the editor, the server and the core: %s', (_name, config) => {
    expect(checkConfig(config)).toEqual([]);
    expect(judge(config, { headers: {}, body: '' }).accepted).toBe(!hasMethod(config));
  });
});

describe('the secrets of a copy', () => {
  const config: TriggerConfig = {
    basicAuthentication: { username: 'u', password: 'original' },
    authentication: [
      { ...newTokenMethod(), secrets: ['original', 'rotated'] },
      { preset: 'stripe', secrets: ['whsec_original'] },
      { preset: 'github', secrets: ['{{$env.SECRET}}', 'original'] },
      { scheme: { kind: 'jwt', algorithms: ['RS256'] }, secrets: ['-----BEGIN PUBLIC KEY-----'] },
    ],
    handshake: { kind: 'meta', verifyTokens: ['original'] },
  };

  it('are new where the owner generates them, and missing where the sender issues them', () => {
    const copy = withOwnSecrets(config);
    expect(JSON.stringify(copy)).not.toMatch(/original|rotated/);
    expect(copy.basicAuthentication).toEqual({ username: 'u', password: expect.stringMatching(/^[\w-]{43}$/) });
    expect(copy.authentication?.map(({ secrets }) => secrets)).toEqual([
      [expect.stringMatching(/^[\w-]{43}$/)],
      [],
      ['{{$env.SECRET}}'],
      ['-----BEGIN PUBLIC KEY-----'],
    ]);
    expect(copy.handshake?.verifyTokens).toEqual([expect.stringMatching(/^[\w-]{43}$/)]);
    expect(JSON.stringify(config)).toContain('original');
  });

  it('leave out what the sender issues for the URL verification', () => {
    const verification = { kind: 'feishu', verificationTokens: ['a', '{{$env.T}}'], encryptKey: 'b' };
    expect(withOwnSecrets({ handshake: verification }).handshake).toEqual({
      kind: 'feishu',
      verificationTokens: ['{{$env.T}}'],
    });
  });
});
