import { useCurrentWorkflowContext } from '@nocobase/plugin-workflow/client-v2';
import { Alert, Form, Radio } from 'antd';
import { useEffect, useRef, useState } from 'react';
import { hasMethod, newTokenMethod } from '../../common/authentication';
import { MAX_AUTH_METHODS, type TriggerConfig } from '../../common/config';
import { Hint } from '../fields/Hint';
import { RowList } from '../fields/RowList';
import { Section } from '../fields/Section';
import { useConfirm } from '../fields/useConfirm';
import { useT } from '../locale';
import type { Presets } from '../model/authMethods';
import { BasicAuthenticationFields } from './BasicAuthenticationFields';
import { AuthMethodFields } from './AuthMethodFields';

const METHODS = ['config', 'authentication'];
const BASIC = ['config', 'basicAuthentication'];
const PUBLIC = ['config', 'public'];

type Access = 'public' | 'authenticated';

/** The authentication of requests: required, or public if the user explicitly chooses that. */
export function AuthenticationSection({ presets }: { presets: Presets }) {
  const t = useT();
  const confirm = useConfirm();
  const form = Form.useFormInstance();
  const workflow = useCurrentWorkflowContext();
  const config = (Form.useWatch('config', { form, preserve: true }) ?? workflow?.config ?? {}) as TriggerConfig;
  // Only the user's choice makes a webhook public. Removing the last method doesn't.
  const [access, setAccess] = useState<Access>(() => (hasMethod(config) ? 'authenticated' : 'public'));
  // Choosing one option and then the other again restores what was typed.
  const last = useRef<Pick<TriggerConfig, 'authentication' | 'basicAuthentication'>>();

  // Removing the last row leaves an empty list, which the server rejects instead of treating it as "none".
  const isEmpty = config.authentication?.length === 0;
  useEffect(() => {
    if (isEmpty) {
      form.setFieldValue(METHODS, undefined);
    }
  }, [form, isEmpty]);

  // Says at once that the last method is gone, and takes that back when there is one again.
  const isProtected = hasMethod(config);
  useEffect(() => {
    if (access === 'authenticated') {
      form.validateFields([METHODS]).catch(() => undefined);
    }
  }, [form, access, isProtected]);

  async function choose(next: Access) {
    if (next === 'public' && !(await confirmPublic())) {
      return;
    }
    const { authentication, basicAuthentication } = config;
    if (next === 'public') {
      last.current = !hasMethod(config) ? undefined : { authentication, basicAuthentication };
    }
    const chosen = next === 'public' ? {} : (last.current ?? { authentication: [newTokenMethod()] });
    form.setFieldValue(METHODS, chosen.authentication);
    form.setFieldValue(BASIC, chosen.basicAuthentication ?? (basicAuthentication === undefined ? undefined : false));
    form.setFieldValue(PUBLIC, next === 'public' || undefined);
    setAccess(next);
  }

  function confirmPublic() {
    return confirm({
      title: t('Make this webhook public?'),
      content: t('Anyone who knows the URL can run this workflow. Nothing proves who sent a request.'),
      okText: t('Make public'),
      cancelText: t('Cancel'),
    });
  }

  return (
    <Section title={t('Authentication')}>
      <Radio.Group
        aria-label={t('Authentication')}
        value={access}
        onChange={(event) => void choose(event.target.value as Access)}
        style={{ marginBottom: 16 }}
        options={[
          { value: 'authenticated', label: t('Require authentication') },
          { value: 'public', label: t('Public (anyone with the URL)') },
        ]}
      />
      {access === 'public' ? (
        <Alert
          type="warning"
          showIcon
          message={t('This endpoint is public. Anyone with the URL can trigger this workflow.')}
          style={{ marginBottom: 16 }}
        />
      ) : (
        <>
          <Hint>
            {t('Requests must pass every method below. Any one secret of a method is accepted. Others get 401.')}
          </Hint>
          <RowList
            name={METHODS}
            label={t('Authentication methods')}
            addLabel={t('Add authentication method')}
            create={newTokenMethod}
            max={MAX_AUTH_METHODS}
            block={(n) => t('Method {{n}}', { n })}
            rules={[
              {
                validator: async (_rule: unknown, methods: unknown[] | undefined) => {
                  if (!methods?.length && !form.getFieldValue(BASIC)) {
                    throw new Error(t('Add an authentication method or select “Public (anyone with the URL)”.'));
                  }
                },
              },
            ]}
          >
            {(field) => (
              <AuthMethodFields name={field.name} method={config.authentication?.[field.name]} presets={presets} />
            )}
          </RowList>
          <BasicAuthenticationFields />
        </>
      )}
    </Section>
  );
}
