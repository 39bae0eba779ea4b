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
    <Section title={t('Endpoint')}>
      {workflow?.enabled === false ? (
        <Alert
          type="info"
          showIcon
          style={{ marginBottom: 16 }}
          message={t('This workflow is disabled. Requests get 404 until you enable it.')}
        />
      ) : null}
      <CopyField
        label={t('Webhook URL')}
        copyLabel={t('Copy URL')}
        text={
          url +
          paramNames(config.request?.params)
            .map((name) => `/{${name}}`)
            .join('')
        }
        extra={t('Paste this URL into the sending service. Accepts {{methods}}.', {
          methods: methods.join(', '),
        })}
      />
      <CopyField
        command
        label={t('Test with cURL')}
        copyLabel={t('Copy cURL command')}
        text={curlCommand(url, config, { presets })}
        shown={curlCommand(url, config, { presets, mask: '••••••' })}
        extra={
          needsSignature(config, presets)
            ? t("This command isn't signed, so it returns 401.")
            : t('Sends a sample request with the settings below. The copied command contains your secrets.')
        }
      />
    </Section>
  );
}
