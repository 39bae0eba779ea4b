import { useFlowEngine } from '@nocobase/flow-engine';
import { useCurrentWorkflowContext } from '@nocobase/plugin-workflow/client-v2';
import { Alert, Button, Form, Input, Select } from 'antd';
import { useId, useState } from 'react';
import type { TriggerConfig } from '../../common/config';
import { DIAGNOSE_ACTION, REJECTIONS_ACTION, RESOURCE } from '../../common/names';
import { CheckList } from '../fields/CheckList';
import { Columns } from '../fields/Columns';
import { Hint } from '../fields/Hint';
import { Section } from '../fields/Section';
import { useT } from '../locale';
import type { Diagnosed, Rejection } from '../model/checks';

interface Pasted {
  headers: string;
  body: string;
  url: string;
  /** Local time, as the browser's date and time field returns it. */
  at: string;
}

type Outcome =
  | { kind: 'diagnosed'; found: Diagnosed }
  | { kind: 'rejected'; rejection: Rejection }
  | { kind: 'error'; text: string };

/**
 * Explains why a request is accepted or rejected, according to the config as typed so far. Works in the disabled form of an
 * executed version too: that is the version that receives requests.
 */
export function DebuggerSection() {
  const t = useT();
  return (
    <Section title={t('Request debugger')} fold="closed">
      <DebuggerFields />
    </Section>
  );
}

function DebuggerFields() {
  const t = useT();
  const id = useId();
  const form = Form.useFormInstance();
  const { api } = useFlowEngine().context;
  const workflow = useCurrentWorkflowContext();
  const [pasted, setPasted] = useState<Pasted>({ headers: '', body: '', url: '', at: '' });
  const [rejections, setRejections] = useState<Rejection[]>();
  const [pending, setPending] = useState(false);
  const [outcome, setOutcome] = useState<Outcome>();

  async function request<T>(action: string, data: object): Promise<T | undefined> {
    setPending(true);
    try {
      const response = await api.request({ url: `${RESOURCE}:${action}`, method: 'post', data, skipNotify: true });
      return response.data.data as T;
    } catch (error) {
      setOutcome({
        kind: 'error',
        text: messageOf(error) ?? t('No response from the server. Check your connection and permissions.'),
      });
      return undefined;
    } finally {
      setPending(false);
    }
  }

  async function diagnose() {
    const { at, url, ...rest } = pasted;
    const found = await request<Diagnosed>(DIAGNOSE_ACTION, {
      ...rest,
      workflowId: workflow?.id,
      config: (form.getFieldValue('config') ?? workflow?.config ?? {}) as TriggerConfig,
      ...(url.trim() ? { url: url.trim() } : {}),
      ...(at ? { at: new Date(at).getTime() } : {}),
    });
    if (found) {
      setOutcome({ kind: 'diagnosed', found });
    }
  }

  async function loadRejections() {
    const found = await request<{ rejections: Rejection[] }>(REJECTIONS_ACTION, { workflowId: workflow?.id });
    if (found) {
      setRejections(found.rejections);
    }
  }

  const change = (part: keyof Pasted) => (event: { target: { value: string } }) =>
    setPasted({ ...pasted, [part]: event.target.value });
  const code = { autoSize: { minRows: 3, maxRows: 12 }, spellCheck: false, style: { fontFamily: 'monospace' } };
  return (
    <>
      <Hint>
        {t(
          "Shows step by step why a request passes or fails with the current (unsaved) settings. The workflow doesn't run.",
        )}
      </Hint>
      <Form.Item label={t('Recent rejected requests')} htmlFor={`${id}-rejections`}>
        <Select
          id={`${id}-rejections`}
          disabled={false}
          loading={pending}
          placeholder={t('Select a request')}
          notFoundContent={rejections && t('No rejected requests.')}
          onDropdownVisibleChange={(open) => open && void loadRejections()}
          value={outcome?.kind === 'rejected' ? outcome.rejection.at : undefined}
          onChange={(at: number) => {
            const rejection = rejections?.find((one) => one.at === at);
            setOutcome(rejection && { kind: 'rejected', rejection });
          }}
          options={(rejections ?? (outcome?.kind === 'rejected' ? [outcome.rejection] : [])).map((rejection) => ({
            value: rejection.at,
            label: `${new Date(rejection.at).toLocaleString()} · ${rejection.method} · ${rejection.status} ${rejection.code} · ${rejection.address}`,
          }))}
        />
      </Form.Item>
      <Form.Item
        label={t('Request headers')}
        htmlFor={`${id}-headers`}
        extra={t('One per line, e.g. from curl -v or browser dev tools. May start with a request line.')}
      >
        <Input.TextArea
          {...code}
          id={`${id}-headers`}
          disabled={false}
          value={pasted.headers}
          placeholder={'Content-Type: application/json\nX-Hub-Signature-256: sha256=…'}
          onChange={change('headers')}
        />
      </Form.Item>
      <Form.Item
        label={t('Raw request body')}
        htmlFor={`${id}-body`}
        extra={t('Paste it unchanged. Signatures cover every byte.')}
      >
        <Input.TextArea {...code} id={`${id}-body`} disabled={false} value={pasted.body} onChange={change('body')} />
      </Form.Item>
      <Columns>
        <Form.Item label={t('Request URL')} htmlFor={`${id}-url`}>
          <Input id={`${id}-url`} disabled={false} spellCheck={false} value={pasted.url} onChange={change('url')} />
        </Form.Item>
        <Form.Item label={t('Received at')} htmlFor={`${id}-at`} extra={t('Defaults to the current time.')}>
          <Input
            id={`${id}-at`}
            disabled={false}
            type="datetime-local"
            step={1}
            value={pasted.at}
            onChange={change('at')}
          />
        </Form.Item>
      </Columns>
      <Button disabled={false} loading={pending} onClick={diagnose}>
        {t('Check request')}
      </Button>
      <div role="status" style={{ marginTop: 12 }}>
        {outcome ? <Result outcome={outcome} /> : null}
      </div>
    </>
  );
}

function Result({ outcome }: { outcome: Outcome }) {
  const t = useT();
  if (outcome.kind === 'error') {
    return <Alert type="error" showIcon message={outcome.text} />;
  }
  const { accepted, checks, issues } =
    outcome.kind === 'diagnosed' ? outcome.found : { accepted: false, checks: outcome.rejection.checks, issues: [] };
  return (
    <>
      <Alert
        type={accepted ? 'success' : 'warning'}
        showIcon
        message={
          outcome.kind === 'rejected'
            ? t('This request was rejected.')
            : accepted
              ? t('This request would be accepted.')
              : t('This request would be rejected.')
        }
        description={
          issues.length
            ? t('This setting is invalid: {{issues}}', {
                issues: issues.map(({ path, message }) => `${path}: ${message}`).join('; '),
              })
            : undefined
        }
      />
      <CheckList checks={checks} />
    </>
  );
}

/** Returns the server's message about a malformed request, e.g. for a line that isn't a header. */
function messageOf(error: unknown): string | undefined {
  const { response } = error as { response?: { status: number; data?: { errors?: { message: string }[] } } };
  return response?.status === 400 ? response.data?.errors?.[0]?.message : undefined;
}
