import { CheckCircleFilled, CloseCircleFilled, MinusCircleOutlined } from '@ant-design/icons';
import { useFlowEngine } from '@nocobase/flow-engine';
import { useCurrentWorkflowContext } from '@nocobase/plugin-workflow/client-v2';
import { Alert, Button, Form, Input, Select, theme } from 'antd';
import { useId, useState } from 'react';
import type { TriggerConfig } from '../../common/config';
import { DIAGNOSE_ACTION, REFUSALS_ACTION, RESOURCE } from '../../common/names';
import { Columns } from '../fields/Columns';
import { Hint } from '../fields/Hint';
import { Section } from '../fields/Section';
import { useT } from '../locale';
import { type Check, checkLabel, type Diagnosed, explain, outcomeLabel, type Refusal } from '../model/checks';

interface Pasted {
  headers: string;
  body: string;
  url: string;
  /** As the browser's field for a time gives it: in the user's time zone. */
  at: string;
}

type Outcome =
  { kind: 'pasted'; found: Diagnosed } | { kind: 'refusal'; refusal: Refusal } | { kind: 'error'; text: string };

/**
 * Why a call is let in or refused, by the config as typed so far. It works in the disabled form of a version that has run
 * too: that is where calls come in.
 */
export function CheckSection() {
  const t = useT();
  return (
    <Section title={t('Check a call')} fold="closed">
      <CheckFields />
    </Section>
  );
}

function CheckFields() {
  const t = useT();
  const id = useId();
  const form = Form.useFormInstance();
  const { api } = useFlowEngine().context;
  const workflow = useCurrentWorkflowContext();
  const [pasted, setPasted] = useState<Pasted>({ headers: '', body: '', url: '', at: '' });
  const [refusals, setRefusals] = useState<Refusal[]>();
  const [pending, setPending] = useState(false);
  const [outcome, setOutcome] = useState<Outcome>();

  async function ask<T>(action: string, data: object): Promise<T | undefined> {
    setPending(true);
    try {
      const response = await api.request({ url: `${RESOURCE}:${action}`, method: 'post', data, skipNotify: true });
      return response.data.data as T;
    } catch (error) {
      setOutcome({
        kind: 'error',
        text:
          refusalOf(error) ??
          t('The server did not answer. Check the connection and your permissions, then try again.'),
      });
      return undefined;
    } finally {
      setPending(false);
    }
  }

  async function check() {
    const { at, url, ...request } = pasted;
    const found = await ask<Diagnosed>(DIAGNOSE_ACTION, {
      ...request,
      workflowId: workflow?.id,
      config: (form.getFieldValue('config') ?? workflow?.config ?? {}) as TriggerConfig,
      ...(url.trim() ? { url: url.trim() } : {}),
      ...(at ? { at: new Date(at).getTime() } : {}),
    });
    if (found) {
      setOutcome({ kind: 'pasted', found });
    }
  }

  async function load() {
    const found = await ask<{ refusals: Refusal[] }>(REFUSALS_ACTION, { workflowId: workflow?.id });
    if (found) {
      setRefusals(found.refusals);
    }
  }

  const change = (part: keyof Pasted) => (event: { target: { value: string } }) =>
    setPasted({ ...pasted, [part]: event.target.value });
  const code = { autoSize: { minRows: 3, maxRows: 12 }, spellCheck: false, style: { fontFamily: 'monospace' } };
  return (
    <>
      <Hint>
        {t(
          'Tells step by step why a call is let in or refused, by what is entered in this form, saved or not. Nothing runs.',
        )}
      </Hint>
      <Form.Item label={t('One of the last refused calls')} htmlFor={`${id}-refusals`}>
        <Select
          id={`${id}-refusals`}
          disabled={false}
          loading={pending}
          placeholder={t('Pick a call')}
          notFoundContent={refusals && t('No call was refused lately.')}
          onDropdownVisibleChange={(open) => open && void load()}
          value={outcome?.kind === 'refusal' ? outcome.refusal.at : undefined}
          onChange={(at: number) => {
            const refusal = refusals?.find((one) => one.at === at);
            setOutcome(refusal && { kind: 'refusal', refusal });
          }}
          options={(refusals ?? (outcome?.kind === 'refusal' ? [outcome.refusal] : [])).map((refusal) => ({
            value: refusal.at,
            label: `${new Date(refusal.at).toLocaleString()} · ${refusal.method} · ${refusal.status} ${refusal.code} · ${refusal.address}`,
          }))}
        />
      </Form.Item>
      <Form.Item
        label={t('Headers of a call')}
        htmlFor={`${id}-headers`}
        extra={t('One a line, as a browser or a proxy shows them. A request line before them gives method and URL.')}
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
        label={t('Body of the call')}
        htmlFor={`${id}-body`}
        extra={t('Exactly as it was sent: a signature is over every character.')}
      >
        <Input.TextArea {...code} id={`${id}-body`} disabled={false} value={pasted.body} onChange={change('body')} />
      </Form.Item>
      <Columns>
        <Form.Item label={t('URL that was called')} htmlFor={`${id}-url`}>
          <Input id={`${id}-url`} disabled={false} spellCheck={false} value={pasted.url} onChange={change('url')} />
        </Form.Item>
        <Form.Item label={t('When the call came')} htmlFor={`${id}-at`} extra={t('Empty for now.')}>
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
      <Button disabled={false} loading={pending} onClick={check}>
        {t('Check the call')}
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
    outcome.kind === 'pasted' ? outcome.found : { accepted: false, checks: outcome.refusal.checks, issues: [] };
  return (
    <>
      <Alert
        type={accepted ? 'success' : 'warning'}
        showIcon
        message={
          outcome.kind === 'refusal'
            ? t('This call was refused.')
            : accepted
              ? t('This call would be let in.')
              : t('This call would be refused.')
        }
        description={
          issues.length
            ? t('This part of the configuration can not be used: {{issues}}', {
                issues: issues.map(({ path, message }) => `${path}: ${message}`).join('; '),
              })
            : undefined
        }
      />
      <ul style={{ listStyle: 'none', margin: '12px 0 0', padding: 0 }}>
        {checks
          .filter((check) => check.outcome !== 'notConfigured')
          .map((check) => (
            <Step key={`${check.check}-${check.index ?? 0}`} check={check} />
          ))}
      </ul>
    </>
  );
}

function Step({ check }: { check: Check }) {
  const t = useT();
  const { token } = theme.useToken();
  const icon =
    check.outcome === 'passed' ? (
      <CheckCircleFilled aria-hidden style={{ color: token.colorSuccess }} />
    ) : check.outcome === 'failed' ? (
      <CloseCircleFilled aria-hidden style={{ color: token.colorError }} />
    ) : (
      <MinusCircleOutlined aria-hidden style={{ color: token.colorTextSecondary }} />
    );
  return (
    <li style={{ display: 'flex', gap: token.marginXS, marginBottom: token.marginXS }}>
      {icon}
      <div>
        <strong>{checkLabel(check, t)}</strong>: {outcomeLabel(check.outcome, t)}
        {explain(check, t).map((sentence) => (
          <div key={sentence}>{sentence}</div>
        ))}
      </div>
    </li>
  );
}

/** What the server says against a request that it didn't take, such as a line that is no header. */
function refusalOf(error: unknown): string | undefined {
  const { response } = error as { response?: { status: number; data?: { errors?: { message: string }[] } } };
  return response?.status === 400 ? response.data?.errors?.[0]?.message : undefined;
}
