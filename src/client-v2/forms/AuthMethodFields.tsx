import { Button, Form, Select } from 'antd';
import { useId, useState } from 'react';
import { generatedForm, hasPublicKeys } from '../../common/authentication';
import type { AuthMethodConfig, TriggerConfig } from '../../common/config';
import { JsonField, jsonRule } from '../fields/JsonField';
import { SecretRows } from '../fields/SecretRows';
import { type Translate, useT } from '../locale';
import { UnreadableJson } from '../model/json';
import { CUSTOM_SCHEMES, type PresetName, type Presets, type Scheme, secretsAfterChange } from '../model/authMethods';
import { changeProvider, providerOf, PROVIDERS } from '../model/providers';
import { SchemeFields } from './SchemeFields';
import { SetupSteps } from './SetupSteps';

/** Wraps long names in narrow windows. */
const WRAPPING = { height: 'auto', maxWidth: '100%', whiteSpace: 'normal' } as const;

interface AuthMethodFieldsProps {
  /** The index of the method in `authentication`. */
  name: number;
  /** The current value. Not watched by its index, which changes when a method before it is deleted. */
  method: AuthMethodConfig | undefined;
  presets: Presets;
}

function schemeLabel(kind: Scheme['kind'], t: Translate): string {
  switch (kind) {
    case 'token':
      return t('Shared token');
    case 'signature':
      return t('HMAC signature');
    case 'jwt':
      return t('JWT');
  }
}

/** An authentication method: its preset or scheme, and the accepted secrets. */
export function AuthMethodFields({ name, method, presets }: AuthMethodFieldsProps) {
  const t = useT();
  const id = useId();
  const form = Form.useFormInstance();
  const path = ['config', 'authentication', name];
  const scheme = method?.scheme as Scheme | undefined;
  const [asJson, setAsJson] = useState(false);
  const provider = providerOf(method?.preset);
  // The preset that was customized, until the form is closed.
  const [origin, setOrigin] = useState<string>();
  const presetScheme = method?.preset ? presets[method.preset as PresetName] : undefined;
  const readable = !(scheme instanceof UnreadableJson);

  /** Changes the preset or scheme and keeps the secrets. */
  function change(next: Pick<AuthMethodConfig, 'preset' | 'scheme'>) {
    const { preset: _preset, scheme: _scheme, ...rest } = form.getFieldValue(path) as AuthMethodConfig;
    form.setFieldValue(path, { ...next, ...rest });
    setAsJson(false);
  }

  /** Changes the sender, and with it what it fills in elsewhere in the form. */
  function choose(choice: string) {
    const next = choice in PROVIDERS ? { preset: choice } : { scheme: CUSTOM_SCHEMES[choice as Scheme['kind']]() };
    const before = form.getFieldValue(path) as AuthMethodConfig;
    const filled = changeProvider((form.getFieldValue('config') ?? {}) as TriggerConfig, before?.preset, next.preset);
    change(next);
    setOrigin(undefined);
    form.setFieldValue([...path, 'secrets'], secretsAfterChange(before, next));
    form.setFieldValue(['config', 'handshake'], filled.handshake);
    form.setFieldValue(['config', 'idempotency'], filled.idempotency);
    form.setFieldValue(['config', 'request', 'headers'], filled.headers);
  }

  return (
    <>
      <Form.Item label={t('Sender')} htmlFor={id}>
        <Select
          id={id}
          showSearch
          optionFilterProp="label"
          value={method?.preset ?? (readable ? scheme?.kind : undefined)}
          onChange={choose}
          options={[
            {
              label: t('Custom'),
              options: (Object.keys(CUSTOM_SCHEMES) as Scheme['kind'][]).map((kind) => ({
                value: kind as string,
                label: schemeLabel(kind, t),
              })),
            },
            {
              label: t('Providers'),
              options: Object.entries(PROVIDERS).map(([value, { label }]) => ({ value, label })),
            },
          ]}
        />
      </Form.Item>
      {provider ? <SetupSteps provider={provider} ownSecret={Boolean(generatedForm(method))} /> : null}
      {/* Above what is validated: an error that comes or goes doesn't move a button that is being clicked. */}
      <Form.Item>
        {scheme ? (
          <Button
            size="small"
            style={WRAPPING}
            disabled={readable ? undefined : true}
            onClick={() => setAsJson(!asJson)}
          >
            {asJson ? t('Edit in form') : t('Edit as JSON')}
          </Button>
        ) : presetScheme ? (
          <Button
            size="small"
            style={WRAPPING}
            onClick={() => {
              setOrigin(method?.preset);
              change({ scheme: structuredClone(presetScheme) });
            }}
          >
            {t('Customize')}
          </Button>
        ) : null}
        {scheme && origin ? (
          <Button size="small" style={{ ...WRAPPING, marginInlineStart: 8 }} onClick={() => change({ preset: origin })}>
            {t('Back to {{provider}}', { provider: providerOf(origin)?.label ?? origin })}
          </Button>
        ) : null}
      </Form.Item>
      <Form.Item label={t('Secrets')} style={{ marginBottom: 0 }}>
        <SecretRows
          // Another sender's secrets don't replace those of this one.
          key={method?.preset ?? scheme?.kind}
          name={[name, 'secrets']}
          label={t('Secrets')}
          generate={generatedForm(method)}
          lines={hasPublicKeys(method)}
          form={provider?.secret}
          required
        />
      </Form.Item>
      {scheme && !asJson && readable ? <SchemeFields name={[name, 'scheme']} scheme={scheme} /> : null}
      {scheme && asJson ? (
        <Form.Item name={[name, 'scheme']} label={t('Signature scheme (JSON)')} rules={[jsonRule(t), objectRule(t)]}>
          <JsonField />
        </Form.Item>
      ) : null}
    </>
  );
}

function objectRule(t: Translate) {
  return {
    validator: async (_rule: unknown, value: unknown) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        throw new Error(t('Must be a JSON object, e.g. {{example}}', { example: '{"kind": "token", …}' }));
      }
    },
  };
}
