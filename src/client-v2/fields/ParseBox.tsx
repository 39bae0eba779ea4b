import { useFlowEngine } from '@nocobase/flow-engine';
import { Button, Form, Input, theme, Typography } from 'antd';
import { useId, useState } from 'react';
import type { PathItem } from '../../common/config';
import { INFER_ACTION, RESOURCE } from '../../common/names';
import { type Translate, useT } from '../locale';
import { mergeRows } from '../model/rows';
import { newRow } from '../model/variableNames';

interface ParseBoxProps {
  /** The list of rows that the paths are added to. */
  list: string[];
  kind: 'json' | 'query';
  label: string;
  extra: string;
  placeholder: string;
}

interface ParseError {
  code: string;
  message: string;
  line: number;
  column: number;
}

type Inferred = { ok: true; paths: string[] } | { ok: false; error: ParseError };

interface Outcome {
  found: number;
  added: number;
  missing: string[];
}

/** Explains an error of the core in the user's language; `undefined` for a code newer than this form. */
function explain(code: string, t: Translate): string | undefined {
  switch (code) {
    case 'JSON_UNEXPECTED_END':
      return t('The sample is incomplete.');
    case 'JSON_UNEXPECTED_CHARACTER':
      return t('Unexpected character.');
    case 'JSON_CONTROL_CHARACTER':
      return t('Line breaks and other control characters inside quotes must be escaped.');
    case 'JSON_INVALID_ESCAPE':
      return t('A backslash must be followed by a valid escape.');
    case 'JSON_TOO_DEEP':
      return t('The sample is too deeply nested.');
    case 'JSON_TOO_MANY_PATHS':
    case 'TOO_MANY_PARAMETERS':
      return t('The sample has too many values.');
    case 'MALFORMED_PERCENT_ENCODING':
      return t('% must be followed by two hexadecimal digits.');
    default:
      return undefined;
  }
}

/** A sample of a request and a button that turns it into rows. The server parses it, exactly as it parses requests. */
export function ParseBox({ list, kind, label, extra, placeholder }: ParseBoxProps) {
  const t = useT();
  const id = useId();
  const form = Form.useFormInstance();
  const { api } = useFlowEngine().context;
  const { token } = theme.useToken();
  const [sample, setSample] = useState('');
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<string>();
  const [outcome, setOutcome] = useState<Outcome>();

  async function parse() {
    setPending(true);
    setError(undefined);
    setOutcome(undefined);
    try {
      const response = await api.request({
        url: `${RESOURCE}:${INFER_ACTION}`,
        method: 'post',
        data: { sample, kind },
        skipNotify: true,
      });
      const inferred = response.data.data as Inferred;
      if (inferred.ok) {
        const before = (form.getFieldValue(list) as PathItem[]) ?? [];
        const created: PathItem[] = [];
        const { rows, added, missing } = mergeRows(before, inferred.paths, (path) => {
          const row = newRow(path, [...before, ...created]);
          created.push(row);
          return row;
        });
        form.setFieldValue(list, rows);
        setOutcome({ found: inferred.paths.length, added, missing });
      } else {
        const { code, line, column, message } = inferred.error;
        setError(
          t('Line {{line}}, column {{column}}: {{message}}', { line, column, message: explain(code, t) ?? message }),
        );
      }
    } catch {
      setError(t("The server couldn't read the sample. Check your connection and permissions."));
    } finally {
      setPending(false);
    }
  }

  function removeMissing(missing: string[]) {
    const rows = (form.getFieldValue(list) as PathItem[]) ?? [];
    form.setFieldValue(
      list,
      rows.filter((row) => !missing.includes(row?.key ?? '')),
    );
    setOutcome(undefined);
  }

  return (
    <>
      <Form.Item
        label={label}
        htmlFor={id}
        extra={extra}
        validateStatus={error ? 'error' : undefined}
        help={error && <span id={`${id}-error`}>{error}</span>}
        style={{ marginBottom: 0 }}
      >
        <Input.TextArea
          id={id}
          value={sample}
          placeholder={placeholder}
          autoSize={{ minRows: kind === 'json' ? 3 : 1, maxRows: 10 }}
          spellCheck={false}
          style={{ fontFamily: 'monospace' }}
          aria-invalid={Boolean(error)}
          aria-describedby={error ? `${id}-error` : undefined}
          onChange={(event) => {
            setSample(event.target.value);
            setError(undefined);
          }}
        />
      </Form.Item>
      <div style={{ marginBottom: token.margin, marginTop: token.marginXS }}>
        <Button
          loading={pending}
          disabled={sample.trim() ? undefined : true}
          aria-label={
            kind === 'json'
              ? t('Generate fields from the sample body')
              : t('Generate fields from the sample query string')
          }
          onClick={parse}
        >
          {t('Generate fields')}
        </Button>
        <div role="status">
          {outcome ? (
            <Typography.Text type="secondary">
              {t('Fields found: {{found, number}} ({{added, number}} new)', {
                found: outcome.found,
                added: outcome.added,
              })}
            </Typography.Text>
          ) : null}
          {outcome?.missing.length ? (
            <div>
              <Typography.Text type="secondary">
                {t('Not in this sample, but kept: {{paths}}', { paths: outcome.missing.join(', ') })}
              </Typography.Text>{' '}
              <Button size="small" onClick={() => removeMissing(outcome.missing)}>
                {t('Remove them')}
              </Button>
            </div>
          ) : null}
        </div>
      </div>
    </>
  );
}
