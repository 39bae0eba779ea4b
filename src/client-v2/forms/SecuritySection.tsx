import { useCurrentWorkflowContext } from '@nocobase/plugin-workflow/client-v2';
import { Alert, Form, Radio } from 'antd';
import { useEffect, useRef, useState } from 'react';
import { MAX_PROOFS, type TriggerConfig } from '../../common/config';
import { Hint } from '../fields/Hint';
import { RowList } from '../fields/RowList';
import { Section } from '../fields/Section';
import { useT } from '../locale';
import { isOpen, newTokenProof, type Presets } from '../model/proofs';
import { BasicAuthenticationFields } from './BasicAuthenticationFields';
import { ProofFields } from './ProofFields';

const PROOFS = ['config', 'authentication'];
const BASIC = ['config', 'basicAuthentication'];

/** Who may call: anyone, which has to be chosen, or those who prove who they are. */
export function SecuritySection({ presets }: { presets: Presets }) {
  const t = useT();
  const form = Form.useFormInstance();
  const workflow = useCurrentWorkflowContext();
  const config = (Form.useWatch('config', { form, preserve: true }) ?? workflow?.config ?? {}) as TriggerConfig;
  const [picked, setPicked] = useState<'anyone' | 'known'>();
  // Choosing the one and then the other again brings back what was typed.
  const last = useRef<Pick<TriggerConfig, 'authentication' | 'basicAuthentication'>>();
  const who = picked ?? (isOpen(config) ? 'anyone' : 'known');

  // Removing the last row leaves an empty list, which the server takes for a mistake and not for "none".
  const isEmpty = config.authentication?.length === 0;
  useEffect(() => {
    if (isEmpty) {
      form.setFieldValue(PROOFS, undefined);
    }
  }, [form, isEmpty]);

  function choose(next: 'anyone' | 'known') {
    const { authentication, basicAuthentication } = config;
    if (next === 'anyone') {
      last.current = isOpen(config) ? undefined : { authentication, basicAuthentication };
    }
    const chosen = next === 'anyone' ? {} : (last.current ?? { authentication: [newTokenProof()] });
    form.setFieldValue(PROOFS, chosen.authentication);
    form.setFieldValue(BASIC, chosen.basicAuthentication ?? (basicAuthentication === undefined ? undefined : false));
    setPicked(next);
  }

  return (
    <Section title={t('Who may call')}>
      <Radio.Group
        aria-label={t('Who may call')}
        value={who}
        onChange={(event) => choose(event.target.value as 'anyone' | 'known')}
        style={{ marginBottom: 16 }}
        options={[
          { value: 'known', label: t('Only callers who prove who they are') },
          { value: 'anyone', label: t('Anyone who knows the URL') },
        ]}
      />
      {who === 'anyone' ? (
        <Alert
          type="warning"
          showIcon
          message={t('Anyone who knows the URL can run this workflow.')}
          style={{ marginBottom: 16 }}
        />
      ) : (
        <>
          <Hint>
            {t(
              'A caller has to bring each of these proofs; any secret of a proof is enough. Others get the answer 401.',
            )}
          </Hint>
          <RowList
            name={PROOFS}
            label={t('Proofs')}
            addLabel={t('Add a proof')}
            create={newTokenProof}
            max={MAX_PROOFS}
            block={(n) => t('Proof {{n}}', { n })}
            rules={[
              {
                validator: async (_rule: unknown, proofs: unknown[] | undefined) => {
                  if (!proofs?.length && !form.getFieldValue(BASIC)) {
                    throw new Error(t('Add a proof, or choose that anyone may call.'));
                  }
                },
              },
            ]}
          >
            {(field) => <ProofFields name={field.name} proof={config.authentication?.[field.name]} presets={presets} />}
          </RowList>
          <BasicAuthenticationFields />
        </>
      )}
    </Section>
  );
}
