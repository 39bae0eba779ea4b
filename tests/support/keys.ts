import { generateKeyPairSync, type KeyObject } from 'node:crypto';

/** A pair of keys of the curve P-256, the public one as SendGrid hands it out: in base64, without the lines of PEM. */
export interface KeyPair {
  publicKey: string;
  privateKey: KeyObject;
}

export function p256Keys(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return { publicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'), privateKey };
}
