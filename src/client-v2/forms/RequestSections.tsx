import { Input } from 'antd';
import { Hint } from '../fields/Hint';
import { newRow } from '../fields/newRow';
import { ParseBox } from '../fields/ParseBox';
import { RowField, RowList } from '../fields/RowList';
import { Section } from '../fields/Section';
import { HEADER_NAME } from '../fields/SourceField';
import { useT } from '../locale';

const REQUEST = ['config', 'request'];

/** The values that the workflow takes from a request: each row becomes a variable. */
export function RequestSections() {
  const t = useT();
  return (
    <>
      <Section title={t('Request headers')}>
        <Hint>
          {t('Only the headers listed here can be used in the workflow. Upper and lower case make no difference.')}
        </Hint>
        <RowList
          name={[...REQUEST, 'headers']}
          label={t('Request headers')}
          addLabel={t('Add a header')}
          create={() => ({})}
        >
          {(field, n) => (
            <RowField
              name={[field.name, 'key']}
              rules={[
                { required: true, message: t('The name is missing.') },
                { pattern: HEADER_NAME, message: t('A header name has no spaces and no : in it.') },
              ]}
            >
              <Input
                placeholder={t('e.g. {{example}}', { example: 'X-Request-Id' })}
                aria-label={t('Name of header {{n}}', { n })}
              />
            </RowField>
          )}
        </RowList>
      </Section>
      <Section title={t('Query')}>
        <Hint>{t('Values from the end of the URL. Without rows the whole query is one variable.')}</Hint>
        <ParseBox
          kind="query"
          list={[...REQUEST, 'query']}
          label={t('Sample of the query')}
          extra={t('A whole URL, or the part after the question mark.')}
          placeholder="https://example.com/?order[id]=1&tags[]=new"
        />
        <PathRows name={[...REQUEST, 'query']} label={t('Query')} />
      </Section>
      <Section title={t('Body')}>
        <Hint>{t('Values from the content that is sent. Without rows the whole body is one variable.')}</Hint>
        <ParseBox
          kind="json"
          list={[...REQUEST, 'body']}
          label={t('Sample of the body')}
          extra={t('JSON as the other system sends it.')}
          placeholder={'{"order": {"id": 1, "paid": true}}'}
        />
        <PathRows name={[...REQUEST, 'body']} label={t('Body')} />
      </Section>
    </>
  );
}

function PathRows({ name, label }: { name: string[]; label: string }) {
  const t = useT();
  return (
    <RowList reorder name={name} label={label} addLabel={t('Add a path')} create={() => newRow()}>
      {(field, n) => (
        <>
          <RowField name={[field.name, 'key']} rules={[{ required: true, message: t('The path is missing.') }]}>
            <Input placeholder={t('Path')} aria-label={t('Path {{n}}', { n })} />
          </RowField>
          <RowField name={[field.name, 'alias']}>
            <Input placeholder={t('Alias')} aria-label={t('Alias {{n}}', { n })} />
          </RowField>
        </>
      )}
    </RowList>
  );
}
