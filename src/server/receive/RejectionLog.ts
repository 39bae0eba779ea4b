import type { WorkflowModel } from '@nocobase/plugin-workflow';
import type { Application } from '@nocobase/server';
import type { Reply } from '../native';
import type { Telemetry } from '../telemetry';

/** The most lines a second: nobody can fill the disk by sending requests that are rejected. */
const LINES_A_SECOND = 10;

const MISCONFIGURED = 'WEBHOOK_MISCONFIGURED';

/** What is known of a request. */
export interface Sender {
  /** The workflow that the request is for. A key that belongs to none isn't logged: it may be a secret. */
  workflow?: Pick<WorkflowModel, 'id' | 'key'>;
  /** Returns the client's address; empty if it is unknown. */
  address: () => string;
}

/** Counts all rejections, and logs a line about each, and about each incomplete response, up to a limit. */
export class RejectionLog {
  private second = 0;
  private lines = 0;
  private omitted = 0;

  constructor(
    private readonly log: Pick<Application['logger'], 'warn' | 'error'>,
    private readonly telemetry: Telemetry,
    private readonly now: () => number = Date.now,
  ) {}

  /** Notes a reply if it is a rejection or lacks something that was configured. */
  note({ status, code, reason }: Reply, sender: Sender): void {
    if (code !== undefined) {
      this.telemetry.rejected(code);
    } else if (reason === undefined) {
      return;
    }
    const second = Math.floor(this.now() / 1000);
    if (second !== this.second) {
      this.reportOmitted();
      this.second = second;
      this.lines = 0;
    }
    if (this.lines >= LINES_A_SECOND) {
      this.omitted += 1;
      return;
    }
    this.lines += 1;
    const what = code === undefined ? 'response incomplete' : `request rejected: ${status} ${code}`;
    const why = reason === undefined ? '' : `: ${reason}`;
    // Only its owner can correct a configuration.
    this.log[code === MISCONFIGURED ? 'error' : 'warn'](`webhook ${what}${describe(sender)}${why}`);
  }

  private reportOmitted(): void {
    if (this.omitted > 0) {
      this.log.warn(`webhook requests rejected without a line of their own: ${this.omitted}`);
      this.omitted = 0;
    }
  }
}

/** Returns what is known of a request, for a line of the log. */
export function describe({ workflow, address }: Sender): string {
  const from = address();
  const known = [
    ...(workflow ? [`workflow ${workflow.id}`, `key ${workflow.key}`] : []),
    ...(from ? [`from ${from}`] : []),
  ];
  return known.length > 0 ? ` (${known.join(', ')})` : '';
}
