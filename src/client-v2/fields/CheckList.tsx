import { CheckCircleFilled, CloseCircleFilled, MinusCircleOutlined } from '@ant-design/icons';
import { theme } from 'antd';
import { useT } from '../locale';
import { type Check, checkLabel, explain, outcomeLabel } from '../model/checks';

/** The checks of a request one after the other, and why one of them failed. */
export function CheckList({ checks }: { checks: Check[] }) {
  return (
    <ul style={{ listStyle: 'none', margin: '12px 0 0', padding: 0 }}>
      {checks
        .filter((check) => check.outcome !== 'notConfigured')
        .map((check) => (
          <Step key={`${check.check}-${check.index ?? 0}`} check={check} />
        ))}
    </ul>
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
    <li style={{ alignItems: 'baseline', display: 'flex', gap: token.marginXS, marginBottom: token.marginXS }}>
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
