import { Button, Form, Select, Typography } from 'antd';
import { useId, useState } from 'react';
import { generatedForm, hasPublicKeys } from '../../common/authentication';
import type { AuthMethodConfig } from '../../common/config';
import { JsonField, jsonRule } from '../fields/JsonField';
import { SecretRows } from '../fields/SecretRows';
import { type Translate, useT } from '../locale';
import { UnreadableJson } from '../model/json';
import {
  CUSTOM_SCHEMES,
  type PresetName,
  PRESETS,
  type Presets,
  type Scheme,
  secretsAfterChange,
} from '../model/authMethods';
import { SchemeFields } from './SchemeFields';

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
  const preset = method?.preset ? PRESETS[method.preset as PresetName] : undefined;
  const presetScheme = method?.preset ? presets[method.preset as PresetName] : undefined;
  const readable = !(scheme instanceof UnreadableJson);

  /** Changes the preset or scheme and keeps the secrets. */
  function change(next: Pick<AuthMethodConfig, 'preset' | 'scheme'>) {
    const { preset: _preset, scheme: _scheme, ...rest } = form.getFieldValue(path) as AuthMethodConfig;
    form.setFieldValue(path, { ...next, ...rest });
    setAsJson(false);
  }

  function choose(choice: string) {
    const next = choice in PRESETS ? { preset: choice } : { scheme: CUSTOM_SCHEMES[choice as Scheme['kind']]() };
    const secrets = secretsAfterChange(form.getFieldValue(path) as AuthMethodConfig, next);
    change(next);
    form.setFieldValue([...path, 'secrets'], secrets);
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
              options: Object.entries(PRESETS).map(([value, { label }]) => ({ value, label })),
            },
          ]}
        />
      </Form.Item>
      {preset ? (
        <Typography.Paragraph type="secondary">
          {generatedForm(method)
            ? t('Use the same secret at the provider: {{place}}', { place: preset.place })
            : t('Paste the secret from the provider: {{place}}', { place: preset.place })}
        </Typography.Paragraph>
      ) : null}
      <Form.Item label={t('Secrets')} style={{ marginBottom: 0 }}>
        <SecretRows
          // Another sender's secrets don't replace those of this one.
          key={method?.preset ?? scheme?.kind}
          name={[name, 'secrets']}
          label={t('Secrets')}
          generate={generatedForm(method)}
          lines={hasPublicKeys(method)}
          form={preset?.secret}
          required
        />
      </Form.Item>
      {scheme && !asJson && readable ? <SchemeFields name={[name, 'scheme']} scheme={scheme} /> : null}
      {scheme && asJson ? (
        <Form.Item name={[name, 'scheme']} label={t('Signature scheme (JSON)')} rules={[jsonRule(t), objectRule(t)]}>
          <JsonField />
        </Form.Item>
      ) : null}
      {scheme ? (
        <Button size="small" style={WRAPPING} disabled={readable ? undefined : true} onClick={() => setAsJson(!asJson)}>
          {asJson ? t('Edit in form') : t('Edit as JSON')}
        </Button>
      ) : presetScheme ? (
        <Button size="small" style={WRAPPING} onClick={() => change({ scheme: structuredClone(presetScheme) })}>
          {t('Customize')}
        </Button>
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
