import { Form, Input } from 'antd';
import type { PathItem } from '../../common/config';
import { Hint } from '../fields/Hint';
import { ParseBox } from '../fields/ParseBox';
import { RowField, RowList } from '../fields/RowList';
import { Section } from '../fields/Section';
import { HEADER_NAME } from '../fields/SourceField';
import { useT } from '../locale';
import { withPath } from '../model/variableNames';

const REQUEST = ['config', 'request'];

/** The values that the workflow takes from a request: each row becomes a variable. */
export function RequestSections() {
  const t = useT();
  return (
    <>
      <Section title={t('Request headers')}>
        <Hint>{t('Headers available as variables. Case-insensitive.')}</Hint>
        <RowList
          name={[...REQUEST, 'headers']}
          label={t('Request headers')}
          addLabel={t('Add header')}
          create={() => ({})}
        >
          {(field, n) => (
            <RowField
              name={[field.name, 'key']}
              rules={[
                { required: true, message: t('Enter a name.') },
                { pattern: HEADER_NAME, message: t("A header name can't contain spaces or colons.") },
              ]}
            >
              <Input
                placeholder={t('e.g. {{example}}', { example: 'X-Request-Id' })}
                aria-label={t('Header name {{n}}', { n })}
              />
            </RowField>
          )}
        </RowList>
      </Section>
      <Section title={t('Query')}>
        <Hint>{t('Select query parameters to use as variables. If empty, the whole query is one variable.')}</Hint>
        <ParseBox
          kind="query"
          list={[...REQUEST, 'query']}
          label={t('Sample query string')}
          extra={t('Paste a URL or query string.')}
          placeholder="https://example.com/?order[id]=1&tags[]=new"
        />
        <PathRows name={[...REQUEST, 'query']} label={t('Query')} />
      </Section>
      <Section title={t('Body')}>
        <Hint>{t('Select body fields to use as variables. If empty, the whole body is one variable.')}</Hint>
        <ParseBox
          kind="json"
          list={[...REQUEST, 'body']}
          label={t('Sample body')}
          extra={t('Paste an example request body (JSON).')}
          placeholder={'{"order": {"id": 1, "paid": true}}'}
        />
        <PathRows name={[...REQUEST, 'body']} label={t('Body')} />
      </Section>
    </>
  );
}

function PathRows({ name, label }: { name: string[]; label: string }) {
  const t = useT();
  const form = Form.useFormInstance();
  const rows = (Form.useWatch(name, { form, preserve: true }) ?? []) as PathItem[];

  /** Gives a row's variable the name that goes with its new path. */
  function rename(index: number, path: string) {
    const others = rows.filter((_row, at) => at !== index);
    form.setFieldValue([...name, index, '_var'], withPath(rows[index] ?? {}, path, others)._var);
  }

  return (
    <RowList reorder name={name} label={label} addLabel={t('Add field')} create={() => ({})}>
      {(field, n) => (
        <>
          <RowField name={[field.name, 'key']} rules={[{ required: true, message: t('Enter a path.') }]}>
            <Input
              placeholder={t('Path')}
              aria-label={t('Path {{n}}', { n })}
              onChange={(event) => rename(field.name, event.target.value)}
            />
          </RowField>
          <RowField name={[field.name, 'alias']}>
            <Input placeholder={t('Display name')} aria-label={t('Display name {{n}}', { n })} />
          </RowField>
        </>
      )}
    </RowList>
  );
}
