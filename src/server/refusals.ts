import type { Application } from '@nocobase/server';
import type { Reply } from './native';
import type { Telemetry } from './telemetry';

/** Lines a second at most: who sends refused requests must not be able to fill the disk. */
const LINES_A_SECOND = 10;

/** Counts every refusal, and writes a line about it as long as there are few. */
export class Refusals {
  private second = 0;
  private lines = 0;
  private untold = 0;

  constructor(
    private readonly log: Pick<Application['logger'], 'warn'>,
    private readonly telemetry: Telemetry,
    private readonly now: () => number = Date.now,
  ) {}

  /**
   * Notes a refused request.
   *
   * @param key as the caller sent it; only a workflow's key can be told to the log, whatever else may be a secret
   * @param known whether `key` is a workflow's
   */
  note(reply: Reply, key: string, known: boolean): void {
    if (reply.code === undefined) {
      return;
    }
    this.telemetry.refused(reply.code);
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
    const why = reply.reason === undefined ? '' : `: ${reply.reason}`;
    this.log.warn(`webhook request refused: ${reply.status} ${reply.code}${why}`, known ? { workflowKey: key } : {});
  }

  private tellUntold(): void {
    if (this.untold > 0) {
      this.log.warn(`webhook requests refused without a line of their own: ${this.untold}`);
      this.untold = 0;
    }
  }
}
