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
    saved?.rawBody ||
    saved?.files;
  return (
    <Section title={t('What may come in')} fold={isUsed ? 'open' : 'closed'}>
      <Columns>
        <Form.Item
          name={[...REQUEST, 'methods']}
          label={t('Methods')}
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
          label={t('Read the body as')}
          getValueProps={(value: string | undefined) => ({ value: value ?? '' })}
        >
          <Select
            options={[
              { value: '', label: t('What its content type says') },
              ...READ_AS.map((value) => ({ value, label: value })),
            ]}
          />
        </OptionalItem>
        <OptionalItem
          name={[...REQUEST, 'bodyLimit']}
          label={t('Largest body in bytes')}
          extra={t('The limit of the whole application counts too.')}
        >
          <InputNumber min={1} precision={0} style={{ width: '100%' }} />
        </OptionalItem>
      </Columns>
      <Form.Item
        label={t('Path segments')}
        style={{ marginBottom: 0 }}
        extra={t(
          'Parts of the address behind the URL, in this order. A call with fewer or more of them gets the answer 404.',
        )}
      >
        <RowList
          reorder
          name={[...REQUEST, 'params']}
          label={t('Path segments')}
          addLabel={t('Add a segment')}
          create={() => ({})}
        >
          {(field, n) => (
            <RowField name={[field.name, 'key']} rules={[{ required: true, message: t('The name is missing.') }]}>
              <Input placeholder={t('Name')} aria-label={t('Name of segment {{n}}', { n })} />
            </RowField>
          )}
        </RowList>
      </Form.Item>
      <Form.Item
        name={[...REQUEST, 'rawBody']}
        label={t('Raw body as a variable')}
        valuePropName="checked"
        normalize={(on: boolean) => on || undefined}
        extra={t('The text of the body as it was sent, beside what was read from it.')}
      >
        <Switch />
      </Form.Item>
      <PartSwitch
        name={[...REQUEST, 'files']}
        label={t('Keep files that are sent along')}
        extra={t('Files of a form (multipart/form-data) go into the file manager, and the variable is the file there.')}
        create={() => ({})}
      />
      {files ? (
        <OptionalItem
          name={[...REQUEST, 'files', 'storage']}
          label={t('Name of the storage')}
          extra={t('Empty for the default storage.')}
        >
          <Input spellCheck={false} />
        </OptionalItem>
      ) : null}
    </Section>
  );
}
