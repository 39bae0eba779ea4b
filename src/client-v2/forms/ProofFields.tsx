import { Button, Form, Select, Typography } from 'antd';
import { useId, useState } from 'react';
import type { ProofConfig } from '../../common/config';
import { JsonField, jsonRule } from '../fields/JsonField';
import { SecretRows } from '../fields/SecretRows';
import { type Translate, useT } from '../locale';
import { UnreadableJson } from '../model/json';
import {
  hasPublicKeys,
  madeUpForm,
  OWN_SCHEMES,
  type PresetName,
  PRESETS,
  type Presets,
  type Scheme,
} from '../model/proofs';
import { SchemeFields } from './SchemeFields';

/** Long names go over several lines where there is little room. */
const WRAPPING = { height: 'auto', maxWidth: '100%', whiteSpace: 'normal' } as const;

interface ProofFieldsProps {
  /** The proof's place in `authentication`. */
  name: number;
  /** The proof as it is now. It is not watched by its place, which another proof gets when one before it is deleted. */
  proof: ProofConfig | undefined;
  presets: Presets;
}

function schemeLabel(kind: Scheme['kind'], t: Translate): string {
  switch (kind) {
    case 'token':
      return t('Secret that is sent along');
    case 'signature':
      return t('Signature');
    case 'jwt':
      return t('JSON Web Token');
  }
}

/** One proof: how the sender proves who it is, and the secrets that count. */
export function ProofFields({ name, proof, presets }: ProofFieldsProps) {
  const t = useT();
  const id = useId();
  const form = Form.useFormInstance();
  const path = ['config', 'authentication', name];
  const scheme = proof?.scheme as Scheme | undefined;
  const [asJson, setAsJson] = useState(false);
  const preset = proof?.preset ? PRESETS[proof.preset as PresetName] : undefined;
  const opened = proof?.preset ? presets[proof.preset as PresetName] : undefined;
  const readable = !(scheme instanceof UnreadableJson);

  /** Another way to prove it, with the same secrets. */
  function change(way: Pick<ProofConfig, 'preset' | 'scheme'>) {
    const { preset: _preset, scheme: _scheme, ...rest } = form.getFieldValue(path) as ProofConfig;
    form.setFieldValue(path, { ...way, ...rest });
    setAsJson(false);
  }

  function choose(choice: string) {
    change(choice in PRESETS ? { preset: choice } : { scheme: OWN_SCHEMES[choice as Scheme['kind']]() });
  }

  return (
    <>
      <Form.Item label={t('How the caller proves it')} htmlFor={id}>
        <Select
          id={id}
          showSearch
          optionFilterProp="label"
          value={proof?.preset ?? (readable ? scheme?.kind : undefined)}
          onChange={choose}
          options={[
            {
              label: t('In a way of your own'),
              options: (Object.keys(OWN_SCHEMES) as Scheme['kind'][]).map((kind) => ({
                value: kind as string,
                label: schemeLabel(kind, t),
              })),
            },
            {
              label: t('As a known sender does'),
              options: Object.entries(PRESETS).map(([value, { label }]) => ({ value, label })),
            },
          ]}
        />
      </Form.Item>
      {preset ? (
        <Typography.Paragraph type="secondary">
          {preset.chosen
            ? t('Enter the same secret here and at the sender: {{place}}', { place: preset.place })
            : t('Copy the secret from the sender: {{place}}', { place: preset.place })}
        </Typography.Paragraph>
      ) : null}
      <Form.Item label={t('Secrets')} style={{ marginBottom: 0 }}>
        <SecretRows
          name={[name, 'secrets']}
          label={t('Secrets')}
          madeUp={madeUpForm(proof)}
          lines={hasPublicKeys(proof)}
          required
        />
      </Form.Item>
      {scheme && !asJson && readable ? <SchemeFields name={[name, 'scheme']} scheme={scheme} /> : null}
      {scheme && asJson ? (
        <Form.Item name={[name, 'scheme']} label={t('Scheme as JSON')} rules={[jsonRule(t), objectRule(t)]}>
          <JsonField />
        </Form.Item>
      ) : null}
      {scheme ? (
        <Button size="small" style={WRAPPING} disabled={readable ? undefined : true} onClick={() => setAsJson(!asJson)}>
          {asJson ? t('Edit with fields') : t('Edit as JSON')}
        </Button>
      ) : opened ? (
        <Button size="small" style={WRAPPING} onClick={() => change({ scheme: structuredClone(opened) })}>
          {t('Look into it and change it')}
        </Button>
      ) : null}
    </>
  );
}

function objectRule(t: Translate) {
  return {
    validator: async (_rule: unknown, value: unknown) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        throw new Error(t('A scheme is an object: {{example}}', { example: '{"kind": "token", …}' }));
      }
    },
  };
}
