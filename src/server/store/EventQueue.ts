import type { BatchOutcome, EventOutcome } from '../../../index';
import type { Telemetry } from '../telemetry';
import { type Numbers, Tickets } from '../Tickets';
import type { WebhookEvent } from './events';
import type { ExecutionStore, NotStored, StoredAs } from './ExecutionStore';
import type { UndoableEvents } from './UndoableEvents';

/** What became of an event: where it is stored, or why it isn't. */
export type Outcome = StoredAs | NotStored;

/** An event in line to be stored. */
interface Waiting {
  event: WebhookEvent;
  /** Where it is stored, until the addon says that this is its outcome. */
  stored?: StoredAs;
  settle(outcome: Outcome): void;
}

/** The asynchronous events that wait to be stored. The addon forms the batches, this stores them. */
export class EventQueue {
  private readonly waiting: Tickets<Waiting>;

  /**
   * @param exclusively runs what writes to the database before all that isn't urgent
   * @param toStart is called with each stored event, and returns the lane that its execution is started in; duplicates have none
   */
  constructor(
    private readonly store: ExecutionStore,
    private readonly exclusively: <T>(write: () => Promise<T>) => Promise<T>,
    private readonly undoable: UndoableEvents,
    private readonly telemetry: Telemetry,
    private readonly toStart: (ticket: number, executionId: string, event: WebhookEvent) => number,
    numbers: Numbers,
  ) {
    this.waiting = new Tickets(numbers);
  }

  /**
   * Puts an event in line.
   *
   * @param submit the addon's function for its ticket and size
   * @returns its outcome once that is known; or at once why it wasn't put in line
   */
  add(
    event: WebhookEvent,
    submit: (ticket: number, bytes: number) => 'taken' | 'busy' | 'closed',
  ): Promise<Outcome> | 'busy' | 'closed' {
    let settle!: (outcome: Outcome) => void;
    const outcome = new Promise<Outcome>((resolve) => (settle = resolve));
    const ticket = this.waiting.add({ event, settle });
    const answer = submit(ticket, event.context.length);
    if (answer === 'taken') {
      return outcome;
    }
    this.waiting.take(ticket);
    return answer;
  }

  /** Stores a batch: all of it or nothing. The addon then says what became of each event, since it may try some of them again. */
  async storeBatch(tickets: number[]): Promise<BatchOutcome> {
    const waiting = tickets.map((ticket) => this.waiting.get(ticket) as Waiting);
    const events = waiting.map(({ event }) => event);
    const began = performance.now();
    const storing = this.exclusively(() => this.store.store(events));
    const result = await this.undoable.during(events, storing);
    this.telemetry.stored(tickets.length, performance.now() - began);
    if (result.kind !== 'stored') {
      return result;
    }
    const start = result.as.map((stored, index) => {
      waiting[index].stored = stored;
      return stored.replayed ? 0 : this.toStart(tickets[index], stored.executionId, waiting[index].event);
    });
    return { kind: 'stored', start };
  }

  /** Settles events, each once. */
  settle(tickets: number[], outcome: EventOutcome): void {
    for (const ticket of tickets) {
      const waiting = this.waiting.take(ticket) as Waiting;
      waiting.settle(outcome.kind === 'stored' ? (waiting.stored as StoredAs) : outcome);
    }
  }
}
