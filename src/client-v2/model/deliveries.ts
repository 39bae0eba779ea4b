import type { Delivery } from '../../common/delivery';
import type { Translate } from '../locale';

/** What became of a request, in antd's words for colors. */
export type Outcome = { color: 'success' | 'processing' | 'default' | 'error' | 'warning'; label: string };

/** Returns what became of a request: of an accepted one, what became of its execution. */
export function outcomeOf({ result, executionStatus }: Delivery, t: Translate): Outcome {
  switch (result) {
    case 'rejected':
      return { color: 'warning', label: t('Rejected') };
    case 'duplicate':
      return { color: 'default', label: t('Duplicate') };
    case 'verification':
      return { color: 'default', label: t('URL verification') };
    case 'accepted':
      return outcomeOfExecution(executionStatus, t);
  }
}

function outcomeOfExecution(status: number | null | undefined, t: Translate): Outcome {
  if (status === undefined) {
    return { color: 'default', label: t('Accepted') };
  }
  if (status === null) {
    return { color: 'default', label: t('Waiting') };
  }
  if (status === 0) {
    return { color: 'processing', label: t('Running') };
  }
  return status > 0 ? { color: 'success', label: t('Succeeded') } : { color: 'error', label: t('Failed') };
}

/** Returns the address of the page of an execution, from that of a page of its workflow or of another execution. */
export function executionAddress(page: string, executionId: string): string | undefined {
  const found = /^(.*\/)(?:workflows|executions)\/[^/]+\/?$/.exec(page);
  return found ? `${found[1]}executions/${executionId}` : undefined;
}

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

/** Returns how long ago a time was, in the language of the user. */
export function ago(time: string, now: number, language: string): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(time)) / 1000));
  const [unit, length] = UNITS.find(([, length]) => seconds >= length) ?? ['second', 1];
  return new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' }).format(
    -Math.floor(seconds / length),
    unit as Intl.RelativeTimeFormatUnit,
  );
}
