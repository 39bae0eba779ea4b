import { STATUS_CODE_RANGE } from '../../common/config';

/** Reason phrases of the codes that answers of webhooks usually have. They are names of a standard: not translated. */
const REASONS: Record<number, string> = {
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  204: 'No Content',
  302: 'Found',
  304: 'Not Modified',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  410: 'Gone',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** The usual codes, ascending. */
export const USUAL_STATUS_CODES = Object.keys(REASONS).map(Number);

/** `404 Not Found` for a usual code, `418` for another. */
export function statusText(code: number): string {
  return REASONS[code] ? `${code} ${REASONS[code]}` : String(code);
}

/** A typed code as a number where it is one, otherwise as it was typed, so that nothing typed gets lost. */
export function readStatusCode(typed: string): number | string {
  return /^\d+$/.test(typed.trim()) ? Number(typed) : typed;
}

export function isStatusCode(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= STATUS_CODE_RANGE.min && Number(value) <= STATUS_CODE_RANGE.max;
}
