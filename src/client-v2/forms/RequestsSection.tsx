import { useCurrentWorkflowContext } from '@nocobase/plugin-workflow/client-v2';
import { Section } from '../fields/Section';
import { useT } from '../locale';
import { RequestList } from '../requests/RequestList';

/** The requests that the webhook has received. */
export function RequestsSection() {
  const t = useT();
  const workflow = useCurrentWorkflowContext();
  return (
    <Section title={t('Requests')} fold="closed">
      <RequestList workflowId={workflow?.id} />
    </Section>
  );
}
