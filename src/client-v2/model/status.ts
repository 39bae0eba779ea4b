import { STATUS_CODE_RANGE } from '../../common/config';

/** Reason phrases of the common status codes. They are defined by a standard and not translated. */
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

/** The common codes, ascending. */
export const COMMON_STATUS_CODES = Object.keys(REASONS).map(Number);

/** Returns `404 Not Found` for a common code, just `418` for another. */
export function statusText(code: number): string {
  return REASONS[code] ? `${code} ${REASONS[code]}` : String(code);
}

/** Returns a typed code as a number if it is one, otherwise unchanged, so that no input gets lost. */
export function readStatusCode(typed: string): number | string {
  return /^\d+$/.test(typed.trim()) ? Number(typed) : typed;
}

export function isStatusCode(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= STATUS_CODE_RANGE.min && Number(value) <= STATUS_CODE_RANGE.max;
}
