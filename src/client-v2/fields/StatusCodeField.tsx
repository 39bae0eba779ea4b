import { AutoComplete } from 'antd';
import { readStatusCode, statusText, COMMON_STATUS_CODES } from '../model/status';

interface StatusCodeFieldProps {
  id?: string;
  value?: number | string;
  onChange?: (value: number | string) => void;
}

const OPTIONS = COMMON_STATUS_CODES.map((code) => ({ value: String(code), label: statusText(code) }));

/** An input for a status code with the common ones to pick from. */
export function StatusCodeField({ id, value, onChange }: StatusCodeFieldProps) {
  return (
    <AutoComplete
      id={id}
      style={{ maxWidth: '16em', width: '100%' }}
      options={OPTIONS}
      value={value === undefined ? '' : String(value)}
      onChange={(typed) => onChange?.(readStatusCode(typed))}
    />
  );
}
