import { useFlowEngine } from '@nocobase/flow-engine';
import { useCurrentWorkflowContext } from '@nocobase/plugin-workflow/client-v2';
import { Alert } from 'antd';
import { useT } from '../locale';
import { FormRoot } from './FormRoot';
import { answersCaller } from '../model/workflow';
import { CloseGuard } from './CloseGuard';
import { KeepRest } from './KeepRest';
import { ResponseFields } from './ResponseFields';

/** The drawer of the Response node. */
export default function ResponseForm() {
  const t = useT();
  const workflow = useCurrentWorkflowContext();
  const engine = useFlowEngine().context.app.pm.get('workflow');
  return (
    <FormRoot>
      <KeepRest />
      <CloseGuard />
      {answersCaller(workflow, engine) ? null : (
        <Alert
          type="warning"
          showIcon
          style={{ marginBottom: 16 }}
          message={t('Only available in synchronous webhook workflows.')}
        />
      )}
      <ResponseFields path={['config']} />
    </FormRoot>
  );
}
