import { useCurrentWorkflowContext } from '@nocobase/plugin-workflow/client-v2';
import { Form, Input, InputNumber, Select } from 'antd';
import { type ExecutionConfig, PARALLEL, type TriggerConfig } from '../../common/config';
import { Columns } from '../fields/Columns';
import { OptionalItem } from '../fields/OptionalItem';
import { Section } from '../fields/Section';
import { useT } from '../locale';

const EXECUTION = ['config', 'execution'];

/** In which order the events of an asynchronous webhook are executed. */
export function ExecutionSection() {
  const t = useT();
  const form = Form.useFormInstance();
  const { execution: saved } = (useCurrentWorkflowContext()?.config ?? {}) as TriggerConfig;
  const execution = Form.useWatch(EXECUTION, { form, preserve: true }) as ExecutionConfig | undefined;
  const isByKey = typeof execution?.order === 'object';
  return (
    <Section title={t('Execution')} fold={saved?.order && saved.order !== 'sequence' ? 'open' : 'closed'}>
      <Form.Item name={EXECUTION} label={t('Execution order')} {...AS_CHOICE}>
        <Select
          options={[
            { value: 'sequence', label: t('In sequence') },
            { value: 'parallel', label: t('In parallel') },
            { value: 'by', label: t('In sequence by key') },
          ]}
        />
      </Form.Item>
      {execution?.order && execution.order !== 'sequence' ? (
        <Columns>
          {isByKey ? (
            <Form.Item
              name={[...EXECUTION, 'order', 'by']}
              label={t('Body path of the key')}
              rules={[
                { required: true, message: t('Enter a path.') },
                { pattern: /^(?!.*\[\])/, message: t("The path can't contain [].") },
              ]}
              extra={t('Events with the same value are executed one after another.')}
            >
              <Input spellCheck={false} placeholder={t('e.g. {{example}}', { example: 'order.id' })} />
            </Form.Item>
          ) : null}
          <OptionalItem name={[...EXECUTION, 'parallel']} label={t('Executions at a time')}>
            <InputNumber
              min={1}
              max={PARALLEL.most}
              precision={0}
              placeholder={String(PARALLEL.default)}
              style={{ width: '100%' }}
            />
          </OptionalItem>
        </Columns>
      ) : null}
    </Section>
  );
}

type Choice = 'sequence' | 'parallel' | 'by';

/** Shows an order as one of three choices, and keeps the other values of the one before. In sequence is the default, which stores nothing. */
const AS_CHOICE = {
  getValueProps: (execution: ExecutionConfig | undefined): { value: Choice } => ({
    value: typeof execution?.order === 'object' ? 'by' : (execution?.order ?? 'sequence'),
  }),
  normalize: (choice: Choice, execution: ExecutionConfig | undefined): ExecutionConfig | undefined =>
    choice === 'sequence' ? undefined : { ...execution, order: choice === 'by' ? { by: '' } : choice },
};
