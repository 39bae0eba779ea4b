// `jose` signs, and judges the same tokens.
import { generateKeyPairSync, type KeyObject } from 'node:crypto';

import { jwtVerify, SignJWT, type JWTPayload } from 'jose';
import { describe, expect, test } from 'vitest';

import { verifySignature, type JwtScheme } from '../index.js';

const NOW = 1_760_000_000;

type Algorithm = JwtScheme['algorithms'][number];

interface Pair {
  /** What signs. */
  sign: KeyObject | Uint8Array;
  /** What verifies, for jose. */
  verify: KeyObject | Uint8Array;
  /** What verifies, as a secret of ours. */
  secret: string;
}

function pair(algorithm: Algorithm): Pair {
  if (algorithm.startsWith('HS')) {
    const secret = `${algorithm} ${Math.random()} `.repeat(4);
    const bytes = new TextEncoder().encode(secret);
    return { sign: bytes, verify: bytes, secret };
  }
  const { privateKey, publicKey } = algorithm.startsWith('RS')
    ? generateKeyPairSync('rsa', { modulusLength: 2048 })
    : generateKeyPairSync('ec', { namedCurve: algorithm === 'ES256' ? 'P-256' : 'P-384' });
  return { sign: privateKey, verify: publicKey, secret: publicKey.export({ format: 'pem', type: 'spki' }).toString() };
}

const algorithms: Algorithm[] = ['HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'ES256', 'ES384'];
const pairs = Object.fromEntries(
  algorithms.map((algorithm) => [algorithm, [pair(algorithm), pair(algorithm)]]),
) as Record<Algorithm, [Pair, Pair]>;

const claims = {
  iss: 'https://issuer.example',
  aud: ['a', 'hook'],
  exp: NOW + 60,
  sub: 'Zoë',
  'https://x/y': { z: [1.5] },
};

const token = (algorithm: Algorithm, key: Pair, payload: JWTPayload = claims) =>
  new SignJWT(payload).setProtectedHeader({ alg: algorithm, typ: 'JWT' }).sign(key.sign);

const scheme = (algorithm: Algorithm, more: Partial<JwtScheme> = {}): JwtScheme => ({
  kind: 'jwt',
  algorithms: [algorithm],
  issuer: 'https://issuer.example',
  audience: 'hook',
  leeway: 0,
  ...more,
});

const verify = (jwt: JwtScheme, secrets: string[], text: string, now = NOW) =>
  verifySignature(jwt, secrets, { headers: { Authorization: `Bearer ${text}` } }, now * 1000);
const verdict = (...args: Parameters<typeof verify>) => {
  const outcome = verify(...args);
  return outcome.ok ? 'accepted' : outcome.diagnosis.code;
};
const jose = async (algorithm: Algorithm, key: Pair, text: string, now = NOW) => {
  try {
    await jwtVerify(text, key.verify, {
      algorithms: [algorithm],
      issuer: 'https://issuer.example',
      audience: 'hook',
      currentDate: new Date(now * 1000),
      requiredClaims: ['exp'],
    });
    return true;
  } catch {
    return false;
  }
};

describe.each(algorithms)('%s', (algorithm) => {
  const [key, other] = pairs[algorithm];

  test('accepts a token with its claims, like jose', async () => {
    const text = await token(algorithm, key);
    expect(verify(scheme(algorithm), [key.secret], text)).toEqual({ ok: true, secret: 0, claims });
    expect(verify(scheme(algorithm), [other.secret, key.secret], text)).toEqual({ ok: true, secret: 1, claims });
    expect(await jose(algorithm, key, text)).toBe(true);
  });

  test('rejects a token of another key, or with any character changed, like jose', async () => {
    const text = await token(algorithm, key);
    expect(verdict(scheme(algorithm), [other.secret], text)).toBe('NO_MATCH');
    expect(await jose(algorithm, other, text)).toBe(false);
    // Of the last character of a part some bits stand for nothing.
    const ends = [...text.matchAll(/\./g)].map(({ index }) => index - 1).concat(text.length - 1);
    for (let at = 0; at < text.length; at += algorithm.startsWith('HS') ? 1 : 7) {
      if (ends.includes(at)) {
        continue;
      }
      const changed = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
      expect(verdict(scheme(algorithm), [key.secret], changed), changed).not.toBe('accepted');
      expect(await jose(algorithm, key, changed), changed).toBe(false);
    }
  });

  test('rejects a token of another algorithm', async () => {
    const text = await token(algorithm, key);
    for (const wanted of algorithms.filter((it) => it !== algorithm)) {
      expect(verdict(scheme(wanted), [key.secret], text)).toBe('MALFORMED');
    }
    expect(verdict(scheme(algorithm, { algorithms }), [key.secret], text)).toBe('accepted');
  });
});

describe('claims', () => {
  const [key] = pairs.HS256;

  test.each<[string, JWTPayload, number, string]>([
    ['an expiry ahead', { exp: NOW + 1 }, NOW, 'accepted'],
    ['an expiry that is now', { exp: NOW }, NOW, 'CLAIM'],
    ['an expiry that is past', { exp: NOW - 1 }, NOW, 'CLAIM'],
    ['an expiry with a fraction', { exp: NOW + 0.5 }, NOW, 'accepted'],
    ['no expiry', { exp: undefined }, NOW, 'CLAIM'],
    ['a start that is past', { nbf: NOW }, NOW, 'accepted'],
    ['a start ahead', { nbf: NOW + 1 }, NOW, 'CLAIM'],
    ['another issuer', { iss: 'https://issuer.example/' }, NOW, 'CLAIM'],
    ['no issuer', { iss: undefined }, NOW, 'CLAIM'],
    ['one audience', { aud: 'hook' }, NOW, 'accepted'],
    ['another audience', { aud: ['a', 'b'] }, NOW, 'CLAIM'],
    ['no audience', { aud: undefined }, NOW, 'CLAIM'],
    ['an empty audience', { aud: [] }, NOW, 'CLAIM'],
  ])('a token with %s is judged as jose judges it', async (_, change, now, expected) => {
    const text = await token('HS256', key, { ...claims, ...change });
    expect(verdict(scheme('HS256'), [key.secret], text, now)).toBe(expected);
    expect(await jose('HS256', key, text, now)).toBe(expected === 'accepted');
  });

  test('accepts clocks that differ by the leeway, by default a minute', async () => {
    const { leeway: _, ...minute } = scheme('HS256');
    const text = await token('HS256', key, { ...claims, exp: NOW, nbf: NOW });
    expect(verdict(minute, [key.secret], text, NOW + 59)).toBe('accepted');
    expect(verdict(minute, [key.secret], text, NOW + 60)).toBe('CLAIM');
    expect(verdict(minute, [key.secret], text, NOW - 60)).toBe('accepted');
    expect(verdict(minute, [key.secret], text, NOW - 61)).toBe('CLAIM');
  });

  test('names the claim in a rejection', async () => {
    const text = await token('HS256', key, { ...claims, iss: 'x' });
    expect(verify(scheme('HS256'), [key.secret], text)).toEqual({
      ok: false,
      diagnosis: {
        code: 'CLAIM',
        name: 'iss',
        expected: 'the issuer of the scheme',
        message: "the claim iss isn't as it should be: expected the issuer of the scheme",
      },
    });
  });
});

describe('rejects', () => {
  test('a token without a signature', () => {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    for (const alg of ['none', 'None', 'NONE']) {
      const text = `${part({ alg })}.${part(claims)}.`;
      expect(verdict(scheme('HS256', { algorithms }), [pairs.HS256[0].secret], text)).toBe('MALFORMED');
    }
    for (const text of ['', 'a', 'a.b', 'a.b.c', '..', 'a.b.c.d.e', 'é.é.é']) {
      expect(verdict(scheme('HS256'), [pairs.HS256[0].secret], text), text).not.toBe('accepted');
    }
  });

  test('a token signed by HMAC with a public key', async () => {
    for (const algorithm of ['RS256', 'ES256'] as const) {
      const { secret } = pairs[algorithm][0];
      const text = await new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256' })
        .sign(new TextEncoder().encode(secret));
      for (const pem of [secret, secret.trim(), ` ${secret}`]) {
        expect(verdict(scheme('HS256', { algorithms }), [pem], text)).toBe('NO_MATCH');
      }
    }
  });

  test('a token with a critical extension', async () => {
    const [key] = pairs.HS256;
    const text = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', crit: ['b64'], b64: true })
      .sign(key.sign);
    expect(verdict(scheme('HS256'), [key.secret], text)).toBe('MALFORMED');
  });

  test('a repeated token, and one in another place', async () => {
    const [key] = pairs.HS256;
    const text = await token('HS256', key);
    const bearer = `Bearer ${text}`;
    const call = (headers: Array<[string, string]>, url = '') => {
      const outcome = verifySignature(scheme('HS256'), [key.secret], { headers, url }, NOW * 1000);
      return outcome.ok ? 'accepted' : outcome.diagnosis.code;
    };
    expect(call([['authorization', bearer]])).toBe('accepted');
    expect(
      call([
        ['authorization', bearer],
        ['Authorization', bearer],
      ]),
    ).toBe('REPEATED');
    expect(call([['authorization', text]])).toBe('MALFORMED');
    expect(call([], `https://example.com/?token=${text}`)).toBe('MISSING');
    const inQuery = scheme('HS256', { place: { from: { query: 'token' } } });
    const url = `https://example.com/?token=${text}`;
    expect(verifySignature(inQuery, [key.secret], { headers: {}, url }, NOW * 1000).ok).toBe(true);
  });

  test('a shared secret that is too short, and a private key', async () => {
    const short = { sign: new TextEncoder().encode('x'.repeat(31)), verify: new Uint8Array(), secret: 'x'.repeat(31) };
    const text = await token('HS256', short);
    expect(verdict(scheme('HS256'), [short.secret], text)).toBe('SECRET_FORM');
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    expect(verdict(scheme('ES256'), [pem], await token('ES256', pairs.ES256[0]))).toBe('SECRET_FORM');
  });
});
