import type { Application } from '@nocobase/server';
import { forgetReleasedLocks } from '../nocobase/locks';

const EVERY_MS = 10_000;

/** Keeps the memory of NocoBase's locks flat, however many executions there are. */
export class LockSweep {
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly app: Application) {}

  start(): void {
    this.timer = setInterval(() => forgetReleasedLocks(this.app), EVERY_MS);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }
}
