import type { Application } from '@nocobase/server';
import type { Reply } from '../native';
import type { Telemetry } from '../telemetry';

/** Lines a second at most: who sends refused requests must not be able to fill the disk. */
const LINES_A_SECOND = 10;

const MISCONFIGURED = 'WEBHOOK_MISCONFIGURED';

/** Counts every refusal, and writes a line about it, or about what was left out of a response, as long as there are few. */
export class Refusals {
  private second = 0;
  private lines = 0;
  private untold = 0;

  constructor(
    private readonly log: Pick<Application['logger'], 'warn' | 'error'>,
    private readonly telemetry: Telemetry,
    private readonly now: () => number = Date.now,
  ) {}

  /**
   * Notes a refused request, or a response from which something was left out.
   *
   * @param key as the caller sent it; only a workflow's key can be told to the log, whatever else may be a secret
   * @param known whether `key` is a workflow's
   */
  note(reply: Reply, key: string, known: boolean): void {
    const { code, reason } = reply;
    if (code !== undefined) {
      this.telemetry.refused(code);
    } else if (reason === undefined) {
      return;
    }
    const second = Math.floor(this.now() / 1000);
    if (second !== this.second) {
      this.tellUntold();
      this.second = second;
      this.lines = 0;
    }
    if (this.lines >= LINES_A_SECOND) {
      this.untold += 1;
      return;
    }
    this.lines += 1;
    const what =
      code === undefined ? 'webhook response incomplete' : `webhook request refused: ${reply.status} ${code}`;
    const line = reason === undefined ? what : `${what}: ${reason}`;
    // Only its owner can put a configuration right.
    this.log[code === MISCONFIGURED ? 'error' : 'warn'](line, known ? { workflowKey: key } : {});
  }

  private tellUntold(): void {
    if (this.untold > 0) {
      this.log.warn(`webhook requests refused without a line of their own: ${this.untold}`);
      this.untold = 0;
    }
  }
}
