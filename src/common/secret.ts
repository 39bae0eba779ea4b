/** The encoding of a scheme's key. */
export type KeyForm = 'text' | 'base64' | 'base64url' | 'hex';

const BYTES = 32;

/** Generates a secret of 32 random bytes, encoded as a key of the given form; `text` as `base64url`. */
export function newSecret(form: KeyForm = 'text'): string {
  // Unlike `crypto.subtle`, this exists on pages without a secure context. Node has the same functions.
  const bytes = [...crypto.getRandomValues(new Uint8Array(BYTES))];
  if (form === 'hex') {
    return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
  }
  const base64 = btoa(String.fromCharCode(...bytes));
  return form === 'base64' ? base64 : base64.replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');
}

/** Whether a text consists only of one of NocoBase's "Variables and secrets". */
export function isVariable(text: unknown): boolean {
  return typeof text === 'string' && /^\{\{.*\}\}$/.test(text.trim());
}
