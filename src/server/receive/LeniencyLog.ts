import type { Application } from '@nocobase/server';
import { describe, type Sender } from './RejectionLog';

/** How long a webhook's requests may be lenient in one way without another line. */
const QUIET_MS = 60_000;

/** The most lines a second: nobody can fill the disk with requests that are written wrongly in many ways. */
const LINES_A_SECOND = 10;

/** The most webhooks and ways that are remembered. */
const MOST_KNOWN = 1000;

/** Logs what requests were accepted though they aren't written as they should be: a line a minute for each webhook and way. */
export class LeniencyLog {
  private readonly known = new Map<string, number>();
  private second = 0;
  private lines = 0;

  constructor(
    private readonly log: Pick<Application['logger'], 'info'>,
    private readonly now: () => number = Date.now,
  ) {}

  /**
   * Notes an accepted request.
   *
   * @param leniency what wasn't written as it should be
   */
  note(leniency: string, sender: Sender): void {
    const now = this.now();
    const name = `${sender.workflow?.key} ${leniency}`;
    const last = this.known.get(name);
    if (last !== undefined && now - last < QUIET_MS) {
      return;
    }
    const second = Math.floor(now / 1000);
    if (second !== this.second) {
      this.second = second;
      this.lines = 0;
    }
    if (this.lines >= LINES_A_SECOND) {
      return;
    }
    this.lines += 1;
    this.known.delete(name);
    this.known.set(name, now);
    if (this.known.size > MOST_KNOWN) {
      this.known.delete(this.known.keys().next().value as string);
    }
    this.log.info(`webhook request accepted${describe(sender)}: it has ${leniency}`);
  }
}
