import { useCurrentWorkflowContext } from '@nocobase/plugin-workflow/client-v2';
import { Form, Input, InputNumber, Select, Switch } from 'antd';
import { METHODS, READ_AS, type RequestConfig, type TriggerConfig } from '../../common/config';
import { Columns } from '../fields/Columns';
import { OptionalItem } from '../fields/OptionalItem';
import { PartSwitch } from '../fields/PartSwitch';
import { RowField, RowList } from '../fields/RowList';
import { Section } from '../fields/Section';
import { useT } from '../locale';

const REQUEST = ['config', 'request'];

/** Which requests are accepted and how their bodies are parsed. */
export function AcceptedRequestsSection() {
  const t = useT();
  const form = Form.useFormInstance();
  const { request: saved } = (useCurrentWorkflowContext()?.config ?? {}) as TriggerConfig;
  const files = Form.useWatch([...REQUEST, 'files'], { form, preserve: true }) as RequestConfig['files'];
  const isUsed =
    saved?.methods?.length ||
    saved?.params?.length ||
    saved?.bodyLimit ||
    saved?.readAs ||
    saved?.keep === 'listed' ||
    saved?.rawBody ||
    saved?.files;
  return (
    <Section title={t('Accepted requests')} fold={isUsed ? 'open' : 'closed'}>
      <Columns>
        <Form.Item
          name={[...REQUEST, 'methods']}
          label={t('HTTP methods')}
          normalize={(methods: string[]) => (methods.length ? methods : undefined)}
        >
          <Select
            mode="multiple"
            placeholder={METHODS[0]}
            options={METHODS.map((value) => ({ value, label: value }))}
          />
        </Form.Item>
        <OptionalItem
          name={[...REQUEST, 'readAs']}
          label={t('Parse body as')}
          getValueProps={(value: string | undefined) => ({ value: value ?? '' })}
        >
          <Select
            options={[
              { value: '', label: t('Auto (by Content-Type)') },
              ...READ_AS.map((value) => ({ value, label: value })),
            ]}
          />
        </OptionalItem>
        <OptionalItem
          name={[...REQUEST, 'keep']}
          label={t('Data for the workflow')}
          getValueProps={(value: string | undefined) => ({ value: value ?? 'all' })}
        >
          <Select
            options={[
              { value: 'all', label: t('The whole request') },
              { value: 'listed', label: t('Only the values listed below') },
            ]}
          />
        </OptionalItem>
        <OptionalItem
          name={[...REQUEST, 'bodyLimit']}
          label={t('Maximum body size (bytes)')}
          extra={t("Can't exceed the application's limit.")}
        >
          <InputNumber min={1} precision={0} style={{ width: '100%' }} />
        </OptionalItem>
      </Columns>
      <Form.Item
        label={t('Path parameters')}
        style={{ marginBottom: 0 }}
        extra={t('Appended to the URL in this order. Requests with a different number of segments get 404.')}
      >
        <RowList
          reorder
          name={[...REQUEST, 'params']}
          label={t('Path parameters')}
          addLabel={t('Add parameter')}
          create={() => ({})}
        >
          {(field, n) => (
            <RowField name={[field.name, 'key']} rules={[{ required: true, message: t('Enter a name.') }]}>
              <Input placeholder={t('Name')} aria-label={t('Parameter name {{n}}', { n })} />
            </RowField>
          )}
        </RowList>
      </Form.Item>
      <Form.Item
        name={[...REQUEST, 'rawBody']}
        label={t('Expose raw body')}
        valuePropName="checked"
        normalize={(on: boolean) => on || undefined}
        extra={t('Adds the unparsed request body as a variable.')}
      >
        <Switch />
      </Form.Item>
      <PartSwitch
        name={[...REQUEST, 'files']}
        label={t('Save uploaded files')}
        extra={t('Saves multipart files to the file manager; the variable holds the file record.')}
        create={() => ({})}
      />
      {files ? (
        <OptionalItem
          name={[...REQUEST, 'files', 'storage']}
          label={t('Storage')}
          extra={t('Leave empty for the default storage.')}
        >
          <Input spellCheck={false} />
        </OptionalItem>
      ) : null}
    </Section>
  );
}
