import { native } from '../native';

/** What is between NocoBase and its senders, in the form of a configuration's fields. */
export interface Surroundings {
  /** Where senders reach NocoBase. */
  publicUrl?: string;
  /** How many proxies are trusted, or which. */
  trustedProxies?: number | string[];
}

/**
 * Reads `WEBHOOK_PUBLIC_URL` and `WEBHOOK_TRUSTED_PROXIES` (a number, or addresses and ranges separated by commas). Ignores a value
 * that can't be used: no proxy is then trusted.
 *
 * @param report is called with what is wrong
 */
export function readSurroundings(
  environment: Readonly<Record<string, string | undefined>>,
  report: (problem: string) => void,
): Surroundings {
  const publicUrl = environment.WEBHOOK_PUBLIC_URL?.trim() || undefined;
  const listed = environment.WEBHOOK_TRUSTED_PROXIES?.trim() || undefined;
  const surroundings: Surroundings = {};
  const take = (variable: string, field: Surroundings) => {
    const [issue] = native().checkConfig(field);
    if (issue) {
      report(`${variable}: ${issue.message}; it is ignored`);
    } else {
      Object.assign(surroundings, field);
    }
  };
  if (publicUrl !== undefined) {
    take('WEBHOOK_PUBLIC_URL', { publicUrl });
  }
  if (listed !== undefined) {
    const trustedProxies = /^\d+$/.test(listed) ? Number(listed) : listed.split(',').map((entry) => entry.trim());
    take('WEBHOOK_TRUSTED_PROXIES', { trustedProxies });
  }
  return surroundings;
}
