import { useFlowEngine } from '@nocobase/flow-engine';
import { useCurrentWorkflowContext, useWorkflowVariableOptions } from '@nocobase/plugin-workflow/client-v2';
import { Form, Typography } from 'antd';
import { useMemo } from 'react';
import type { AuthMethodConfig, TriggerConfig } from '../../common/config';
import { Section } from '../fields/Section';
import { useT } from '../locale';
import { FormRoot } from './FormRoot';
import { requestMetaTree } from '../model/variables';
import { answersCaller } from '../model/workflow';
import { CloseGuard } from './CloseGuard';
import { DebuggerSection } from './DebuggerSection';
import { EndpointSection } from './EndpointSection';
import { ExecutionSection } from './ExecutionSection';
import { UrlVerificationSection } from './UrlVerificationSection';
import { AcceptedRequestsSection } from './AcceptedRequestsSection';
import { KeepRest } from './KeepRest';
import { LimitsSection } from './LimitsSection';
import { RequestSections } from './RequestSections';
import { RequestsSection } from './RequestsSection';
import { ResponseFields } from './ResponseFields';
import { AuthenticationSection } from './AuthenticationSection';
import { usePresets } from './usePresets';

/** The drawer of the trigger. */
export default function TriggerForm() {
  const t = useT();
  const workflow = useCurrentWorkflowContext();
  const engine = useFlowEngine().context.app.pm.get('workflow');
  const form = Form.useFormInstance();
  const methods = Form.useWatch(['config', 'authentication'], { form, preserve: true }) as
    AuthMethodConfig[] | undefined;
  const isSync = answersCaller(workflow, engine);
  const presets = usePresets(Boolean(methods?.some((method) => method?.preset)));
  return (
    <FormRoot>
      <KeepRest />
      <CloseGuard />
      <EndpointSection presets={presets} />
      <AuthenticationSection presets={presets} />
      <RequestsSection />
      <DebuggerSection />
      <UrlVerificationSection />
      <LimitsSection />
      <AcceptedRequestsSection />
      <RequestSections />
      <Section title={t('Response')}>
        {isSync ? (
          <Typography.Paragraph type="secondary">
            {t(
              'The response is sent by a Response node. Without one, an empty 200 is returned when the workflow finishes.',
            )}
          </Typography.Paragraph>
        ) : (
          <ImmediateResponse />
        )}
      </Section>
      {isSync ? null : <ExecutionSection />}
    </FormRoot>
  );
}

/** The response of an asynchronous workflow. Offers the variables of the rows as typed, saved or not. */
function ImmediateResponse() {
  const t = useT();
  const form = Form.useFormInstance();
  const options = useWorkflowVariableOptions();
  const { request, authentication } = (Form.useWatch('config', { form, preserve: true }) ?? {}) as TriggerConfig;
  const signature = JSON.stringify({ request, authentication });
  const metaTree = useMemo(
    () => [
      requestMetaTree(JSON.parse(signature) as TriggerConfig, t),
      // The trigger comes before all nodes: there are no node results and no loops.
      ...options.filter((node) => node.name === '$system' || node.name === '$env'),
    ],
    [signature, options, t],
  );
  return (
    <>
      <Typography.Paragraph type="secondary">
        {t('Sent immediately; the workflow runs in the background.')}
      </Typography.Paragraph>
      <ResponseFields path={['config', 'response']} metaTree={metaTree} />
    </>
  );
}
