/** Gives out numbers from 1 to 2^32 - 1, and begins again after the last. */
export class Numbers {
  private last = 0;

  next(): number {
    this.last = (this.last % (2 ** 32 - 1)) + 1;
    return this.last;
  }
}

/** Values that wait in the addon's queues, which know each by a number: nothing else of them crosses between the threads. */
export class Tickets<T> {
  private readonly values = new Map<number, T>();

  /** @param numbers are shared by those whose tickets the addon must not confuse */
  constructor(private readonly numbers = new Numbers()) {}

  /** Adds a value and returns its number. */
  add(value: T): number {
    const ticket = this.numbers.next();
    this.values.set(ticket, value);
    return ticket;
  }

  /** Adds a value under the number that it has elsewhere. */
  set(ticket: number, value: T): void {
    this.values.set(ticket, value);
  }

  get(ticket: number): T | undefined {
    return this.values.get(ticket);
  }

  /** Removes a value and returns it; `undefined` if it was removed before. */
  take(ticket: number): T | undefined {
    const value = this.values.get(ticket);
    this.values.delete(ticket);
    return value;
  }
}
