import { useFlowEngine } from '@nocobase/flow-engine';
import { useCurrentWorkflowContext } from '@nocobase/plugin-workflow/client-v2';
import { Alert, Form } from 'antd';
import type { TriggerConfig } from '../../common/config';
import { CopyField } from '../fields/CopyField';
import { Section } from '../fields/Section';
import { useT } from '../locale';
import { curlCommand } from '../model/curl';
import { type ApiLocator, webhookUrl } from '../model/endpoint';

/** Where to call, and a command that does it. */
export function EndpointSection() {
  const t = useT();
  const form = Form.useFormInstance();
  const { app } = useFlowEngine().context as { app: ApiLocator };
  const workflow = useCurrentWorkflowContext();
  const config = (Form.useWatch('config', { form, preserve: true }) ?? workflow?.config ?? {}) as TriggerConfig;
  const url = webhookUrl(app, workflow?.key ?? '');
  return (
    <Section title={t('Address')}>
      {workflow?.enabled === false ? (
        <Alert
          type="info"
          showIcon
          style={{ marginBottom: 16 }}
          message={t('This workflow is off. Until it is switched on, calls are answered with 404.')}
        />
      ) : null}
      <CopyField
        label={t('URL')}
        copyLabel={t('Copy the URL')}
        text={url}
        extra={t('Enter this URL in the other system. It is called with the method POST.')}
      />
      <CopyField
        command
        label={t('Try it')}
        copyLabel={t('Copy the command')}
        text={curlCommand(url, config)}
        shown={curlCommand(url, config, '••••••')}
        extra={t(
          'A command for the terminal that calls the webhook as configured below. Copying it copies the password too.',
        )}
      />
    </Section>
  );
}
