import { useFlowEngine } from '@nocobase/flow-engine';
import { useCurrentWorkflowContext } from '@nocobase/plugin-workflow/client-v2';
import { Button, Form, Typography } from 'antd';
import { useEffect, useMemo } from 'react';
import type { TriggerConfig } from '../../common/config';
import { JsonField, jsonRule } from '../fields/JsonField';
import { Section } from '../fields/Section';
import { ValueInputs } from '../fields/ValueInputs';
import { useT } from '../locale';
import { FormRoot } from './FormRoot';
import { textOfValue, valueOfText } from '../model/json';
import { lastUsed } from '../model/lastUsed';
import { EXAMPLE, exampleValue, segments } from '../model/sample';

/** The input of a manual execution, as the form stores it. */
interface Values {
  headers?: object;
  query?: unknown;
  body?: unknown;
}

/** Query and body as text, so that unfinished JSON is remembered too. */
interface Remembered {
  headers?: object;
  query?: string;
  body?: string;
}

/** The fields of "Execute manually": the values that a request would contain. */
export default function ManualForm() {
  const t = useT();
  const form = Form.useFormInstance<Values>();
  const { app } = useFlowEngine().context;
  const workflow = useCurrentWorkflowContext();
  const { request } = (workflow?.config ?? {}) as TriggerConfig;
  const memory = useMemo(() => lastUsed<Remembered>(app.name ?? 'main', workflow?.key ?? ''), [app, workflow?.key]);

  const headers = (request?.headers ?? []).flatMap((item) =>
    item?.key ? [{ path: [item.key], label: item.key }] : [],
  );
  const query = (request?.query ?? []).flatMap((item) =>
    item?.key ? [{ path: segments(item.key), label: item.alias || item.key }] : [],
  );
  const body = (request?.body ?? []).filter((item) => item?.key);

  const sample = useMemo<Values>(
    () => ({
      ...(request?.headers?.length ? { headers: headersSample(request.headers) } : {}),
      query: exampleValue(request?.query),
      body: exampleValue(request?.body),
    }),
    [request],
  );
  const initial = useMemo<Values>(() => {
    const last = memory.read();
    return last
      ? { headers: last.headers ?? sample.headers, query: valueOrNothing(last.query), body: valueOrNothing(last.body) }
      : sample;
  }, [memory, sample]);

  const values = Form.useWatch([], form) as Values | undefined;
  useEffect(() => {
    if (values && ['headers', 'query', 'body'].some((name) => form.isFieldTouched(name))) {
      memory.write({ headers: values.headers, query: textOfValue(values.query), body: textOfValue(values.body) });
    }
  }, [values, form, memory]);

  return (
    <FormRoot>
      {headers.length ? (
        <Section title={t('Headers')}>
          <Form.Item name="headers" initialValue={initial.headers} noStyle>
            <ValueInputs fields={headers} />
          </Form.Item>
        </Section>
      ) : null}
      <Section title={t('Query')}>
        {query.length ? (
          <Form.Item name="query" initialValue={initial.query} noStyle>
            <ValueInputs fields={query} />
          </Form.Item>
        ) : (
          <Form.Item
            name="query"
            label={t('Query (JSON)')}
            initialValue={initial.query}
            normalize={nothingForEmpty}
            rules={[
              jsonRule(t),
              {
                validator: async (_rule, value: unknown) => {
                  if (value !== undefined && (typeof value !== 'object' || value === null || Array.isArray(value))) {
                    throw new Error(
                      t('The query must be a JSON object, e.g. {{example}}', { example: '{"name": "value"}' }),
                    );
                  }
                },
              },
            ]}
          >
            <JsonField />
          </Form.Item>
        )}
      </Section>
      <Section title={t('Body')}>
        <Form.Item
          name="body"
          label={t('Body (JSON)')}
          initialValue={initial.body}
          normalize={nothingForEmpty}
          rules={[jsonRule(t)]}
          extra={
            body.length
              ? t('Fields: {{names}}', { names: body.map((item) => item.alias || item.key).join(', ') })
              : undefined
          }
        >
          <JsonField />
        </Form.Item>
      </Section>
      <Button
        size="small"
        onClick={() => {
          memory.clear();
          form.resetFields(['headers', 'query', 'body']);
          form.setFieldsValue(sample as object);
        }}
      >
        {t('Reset to sample')}
      </Button>{' '}
      <Typography.Text type="secondary">{t('Saved in this browser.')}</Typography.Text>
    </FormRoot>
  );
}

function headersSample(items: { key?: string }[]) {
  return Object.fromEntries(items.flatMap((item) => (item?.key ? [[item.key, EXAMPLE]] : [])));
}

function nothingForEmpty(value: unknown): unknown {
  return value === '' ? undefined : value;
}

function valueOrNothing(text: string | undefined): unknown {
  return nothingForEmpty(valueOfText(text ?? ''));
}
