import type { MetaTreeNode } from '@nocobase/flow-engine';
import { WorkflowVariableInput } from '@nocobase/plugin-workflow/client-v2';
import { Form, Input } from 'antd';
import { BodyField } from '../fields/BodyField';
import { jsonRule } from '../fields/JsonField';
import { RowField, RowList } from '../fields/RowList';
import { StatusCodeField } from '../fields/StatusCodeField';
import { useT } from '../locale';
import { isStatusCode } from '../model/status';

interface ResponseFieldsProps {
  /** The path of the response in the form. */
  path: string[];
  /** The variables on offer. Default: those of the node being edited. */
  metaTree?: MetaTreeNode[];
}

/** Status, headers and body of a response. */
export function ResponseFields({ path, metaTree }: ResponseFieldsProps) {
  const t = useT();
  return (
    <>
      <Form.Item
        name={[...path, 'statusCode']}
        label={t('Status code')}
        initialValue={200}
        required
        rules={[
          {
            validator: async (_rule, value: unknown) => {
              if (!isStatusCode(value)) {
                throw new Error(t('Enter a status code from 200 to 599.'));
              }
            },
          },
        ]}
      >
        <StatusCodeField />
      </Form.Item>
      <Form.Item label={t('Response headers')} style={{ marginBottom: 0 }}>
        <RowList
          name={[...path, 'headers']}
          label={t('Response headers')}
          addLabel={t('Add header')}
          create={() => ({})}
        >
          {(field, n) => (
            <>
              <RowField
                name={[field.name, 'name']}
                rules={[
                  { required: true, message: t('Enter a name.') },
                  {
                    pattern: /^[a-zA-Z][a-zA-Z0-9_-]*$/,
                    message: t('A header name starts with a letter and contains only letters, digits, - and _.'),
                  },
                ]}
              >
                <Input placeholder={t('Name')} aria-label={t('Header name {{n}}', { n })} />
              </RowField>
              <div
                role="group"
                aria-label={t('Value of header {{n}}', { n })}
                style={{ flex: '2 1 14em', minWidth: 0 }}
              >
                <RowField name={[field.name, 'value']}>
                  <WorkflowVariableInput placeholder={t('Value')} {...(metaTree ? { metaTree } : {})} />
                </RowField>
              </div>
            </>
          )}
        </RowList>
      </Form.Item>
      <Form.Item
        name={[...path, 'body']}
        label={t('Response body')}
        rules={[jsonRule(t)]}
        extra={t('Leave empty, or enter text or JSON. In JSON, put variables in quotes: {{example}}', {
          example: '{"id": "{{$context.body.id}}"}',
        })}
      >
        <BodyField metaTree={metaTree} />
      </Form.Item>
    </>
  );
}
