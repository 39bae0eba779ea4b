import { Alert, Form } from 'antd';
import { useMemo } from 'react';
import { useT } from '../locale';
import { newTokenMethod, TOKEN_HEADER } from '../../common/authentication';
import { FormRoot } from './FormRoot';

/** The trigger's part of NocoBase's form for new workflows: says that the webhook requires a token. */
export default function PresetForm() {
  const t = useT();
  const initial = useMemo(() => [newTokenMethod()], []);
  return (
    <FormRoot>
      <Form.Item name={['config', 'request', 'keep']} initialValue="all" hidden>
        <input type="hidden" />
      </Form.Item>
      <Form.Item name={['config', 'authentication']} initialValue={initial} noStyle>
        <Notice
          text={t(
            'A secret is generated. Senders pass it in the header {{header}}. You can change authentication in the trigger settings.',
            { header: TOKEN_HEADER },
          )}
        />
      </Form.Item>
    </FormRoot>
  );
}

function Notice({ text }: { text: string }) {
  return <Alert type="info" showIcon message={text} />;
}
