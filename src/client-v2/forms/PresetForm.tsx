import { Alert, Form } from 'antd';
import { useMemo } from 'react';
import { useT } from '../locale';
import { newTokenProof, TOKEN_HEADER } from '../model/proofs';
import { FormRoot } from './FormRoot';

/** What NocoBase's form for a new workflow shows of the trigger: that it begins with a secret. */
export default function PresetForm() {
  const t = useT();
  const initial = useMemo(() => [newTokenProof()], []);
  return (
    <FormRoot>
      <Form.Item name={['config', 'authentication']} initialValue={initial} noStyle>
        <Notice
          text={t(
            'The webhook gets a secret, which callers send in the header {{header}}. Its form shows it, and has other ways to prove who calls.',
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
