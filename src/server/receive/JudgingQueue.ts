import { availableParallelism } from 'node:os';

/** Why a body was not judged. */
export type NotJudged = 'busy' | 'stopping';

/**
 * Bodies that are judged off the main thread at a time. One processor is left to the main thread: it has to go on answering,
 * and more threads than processors are no faster.
 */
const PLACES = Math.max(1, availableParallelism() - 1);

/**
 * Bytes of bodies of one app that may wait, as a multiple of its body limit: each is in memory, and behind eight of the largest
 * ones a body waits most of {@link WAITING_MS} for a single thread. One webhook may take half.
 */
const WAITING_BODIES = 8;

/** What a waiting body counts at least: a compressed one may be small and yet take as long as a larger one. */
const LEAST_BYTES = 64 * 1024;

/** How long a body may wait: well-known senders give up after ten seconds. */
const WAITING_MS = 10_000;

type Done<T> = (error: Error | null, value: T) => void;

interface Job {
  queue: JudgingQueue;
  bytes: number;
  begin(): void;
  /** Only the first outcome counts. */
  end(outcome: NotJudged): void;
}

/** What waits of a webhook, in the order of arrival, and its bytes. */
interface Line {
  jobs: Set<Job>;
  bytes: number;
}

/** The bodies that wait, by webhook; the first webhook is the next one's turn. The processors are shared by all apps. */
const waiting = new Map<object, Line>();
const running = new Set<Job>();

/** The large bodies of an app that wait to be judged off the main thread. Webhooks take turns, so that none delays the others. */
export class JudgingQueue {
  /** The bytes of this app's bodies that wait. */
  private bytes = 0;

  /** @param limit most bytes of a body */
  constructor(private readonly limit: number) {}

  /**
   * Judges a body once a thread is free for it.
   *
   * @param webhook the webhook whose turn it takes
   * @param judge begins, and calls back
   * @returns the result of `judge`, or why it wasn't begun or isn't awaited any more
   */
  run<T>(webhook: object, bytes: number, judge: (done: Done<T>) => void): Promise<T | NotJudged> {
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const job: Job = {
        queue: this,
        bytes: Math.max(bytes, LEAST_BYTES),
        begin: () => {
          clearTimeout(timer);
          running.add(job);
          const done: Done<T> = (error, value) => {
            running.delete(job);
            if (error) {
              reject(error);
            } else {
              resolve(value);
            }
            beginNext();
          };
          try {
            judge(done);
          } catch (error) {
            done(error as Error, undefined as T);
          }
        },
        end: (outcome) => {
          clearTimeout(timer);
          resolve(outcome);
        },
      };
      if (running.size < PLACES) {
        job.begin();
      } else if (this.isFull(webhook, job.bytes)) {
        resolve('busy');
      } else {
        timer = setTimeout(() => {
          leave(webhook, job);
          job.end('busy');
        }, WAITING_MS);
        this.enter(webhook, job);
      }
    });
  }

  /** Ends all waiting. What is being judged continues, and its result is dropped. */
  stop(): void {
    for (const [webhook, { jobs }] of waiting) {
      for (const job of jobs) {
        if (job.queue === this) {
          leave(webhook, job);
          job.end('stopping');
        }
      }
    }
    for (const job of running) {
      if (job.queue === this) {
        job.end('stopping');
      }
    }
  }

  /** Notes that bytes of this app's bodies wait no more. */
  left(bytes: number): void {
    this.bytes -= bytes;
  }

  private enter(webhook: object, job: Job): void {
    const line = waiting.get(webhook) ?? { jobs: new Set(), bytes: 0 };
    waiting.set(webhook, line);
    line.jobs.add(job);
    line.bytes += job.bytes;
    this.bytes += job.bytes;
  }

  private isFull(webhook: object, bytes: number): boolean {
    const most = WAITING_BODIES * this.limit;
    return (waiting.get(webhook)?.bytes ?? 0) + bytes > most / 2 || this.bytes + bytes > most;
  }
}

/** Takes a job out of the line of its webhook. */
function leave(webhook: object, job: Job): void {
  const line = waiting.get(webhook);
  if (!line?.jobs.delete(job)) {
    return;
  }
  line.bytes -= job.bytes;
  job.queue.left(job.bytes);
  if (line.jobs.size === 0) {
    waiting.delete(webhook);
  }
}

function beginNext(): void {
  const [turn] = waiting;
  if (!turn || running.size >= PLACES) {
    return;
  }
  const [webhook, line] = turn;
  const [job] = line.jobs;
  leave(webhook, job);
  // To the end of the line, if it has more.
  if (waiting.delete(webhook)) {
    waiting.set(webhook, line);
  }
  job.begin();
}
