/** How the key of a scheme is written. */
export type KeyForm = 'text' | 'base64' | 'hex';

const BYTES = 32;

/** A new secret of 32 random bytes, written so that it can be a key of the given form; as a text it is base64url. */
export function newSecret(form: KeyForm = 'text'): string {
  // Unlike `crypto.subtle` this is there on pages that are no secure context.
  const bytes = [...crypto.getRandomValues(new Uint8Array(BYTES))];
  if (form === 'hex') {
    return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
  }
  const base64 = btoa(String.fromCharCode(...bytes));
  return form === 'base64' ? base64 : base64.replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');
}

/** Whether a text is nothing but one of NocoBase's "Variables and secrets". */
export function isVariable(text: string | undefined): boolean {
  return /^\{\{.*\}\}$/.test(text?.trim() ?? '');
}
