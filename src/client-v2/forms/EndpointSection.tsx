import { useFlowEngine } from '@nocobase/flow-engine';
import { useCurrentWorkflowContext } from '@nocobase/plugin-workflow/client-v2';
import { Alert, Form } from 'antd';
import { METHODS, type TriggerConfig } from '../../common/config';
import { CopyField } from '../fields/CopyField';
import { Section } from '../fields/Section';
import { useT } from '../locale';
import { curlCommand, needsSignature, paramNames } from '../model/curl';
import { type ApiLocator, webhookUrl } from '../model/endpoint';
import type { Presets } from '../model/authMethods';

/** The URL of the webhook and a command that sends a test request. */
export function EndpointSection({ presets }: { presets: Presets }) {
  const t = useT();
  const form = Form.useFormInstance();
  const { app } = useFlowEngine().context as { app: ApiLocator };
  const workflow = useCurrentWorkflowContext();
  const config = (Form.useWatch('config', { form, preserve: true }) ?? workflow?.config ?? {}) as TriggerConfig;
  const url = webhookUrl(app, workflow?.key ?? '');
  const methods = config.request?.methods?.length ? config.request.methods : [METHODS[0]];
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
        text={
          url +
          paramNames(config.request?.params)
            .map((name) => `/{${name}}`)
            .join('')
        }
        extra={t('Enter this URL in the other system. It is called with the method {{methods}}.', {
          methods: methods.join(', '),
        })}
      />
      <CopyField
        command
        label={t('Try it')}
        copyLabel={t('Copy the command')}
        text={curlCommand(url, config, { presets })}
        shown={curlCommand(url, config, { presets, mask: '••••••' })}
        extra={
          needsSignature(config, presets)
            ? t('Only the sender can sign a call: without a signature this command is answered with 401.')
            : t('A command for the terminal that calls the webhook as configured below. Copying it copies secrets too.')
        }
      />
    </Section>
  );
}
