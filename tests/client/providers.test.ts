import { describe, expect, it } from 'vitest';
import { signaturePresets } from '../../index';
import { changeProvider, PROVIDERS } from '../../src/client-v2/model/providers';
import type { TriggerConfig } from '../../src/common/config';

describe('the providers of the form', () => {
  it('are exactly those of the core', () => {
    expect(Object.keys(PROVIDERS).sort()).toEqual(Object.keys(signaturePresets()).sort());
  });

  it('link to their documentation', () => {
    for (const { documentation } of Object.values(PROVIDERS)) {
      expect(documentation).toMatch(/^https:/);
    }
  });
});

describe('choosing a provider', () => {
  it('fills in the URL verification, the idempotency key and the useful headers', () => {
    expect(changeProvider({}, undefined, 'slack')).toEqual({
      handshake: { kind: 'slack' },
      idempotency: { source: 'body', key: 'event_id' },
    });
    expect(changeProvider({}, undefined, 'github')).toEqual({
      idempotency: { source: 'header', key: 'X-GitHub-Delivery' },
      headers: [{ key: 'X-GitHub-Event' }],
    });
    expect(changeProvider({}, undefined, 'meta').handshake?.verifyTokens).toEqual([
      expect.stringMatching(/^[\w-]{43}$/),
    ]);
  });

  it('keeps what the user has configured', () => {
    const config: TriggerConfig = {
      handshake: { kind: 'zoom' },
      idempotency: { source: 'body', key: 'my.id' },
      request: { headers: [{ key: 'x-github-event' }, { key: 'X-Mine' }] },
    };
    expect(changeProvider(config, undefined, 'github')).toEqual({
      handshake: config.handshake,
      idempotency: config.idempotency,
      headers: config.request?.headers,
    });
  });

  it('takes out what the previous provider filled in, unless it has been changed', () => {
    const filled = changeProvider({}, undefined, 'github');
    const config = { ...filled, request: { headers: [...(filled.headers ?? []), { key: 'X-Mine' }] } };
    expect(changeProvider(config, 'github', 'stripe')).toEqual({
      idempotency: { source: 'body', key: 'id' },
      headers: [{ key: 'X-Mine' }],
    });
    const changed = { idempotency: { source: 'header', key: 'X-Other' } } as const;
    expect(changeProvider(changed, 'github', undefined)).toEqual(changed);
  });

  it('adds nothing for a scheme and for a preset of a later version', () => {
    expect(changeProvider({ idempotency: false }, 'later', undefined)).toEqual({ idempotency: false });
  });
});
