/** Values that wait in the addon's queues, which know each by a number: nothing else of them crosses between the threads. */
export class Tickets<T> {
  private last = 0;
  private readonly values = new Map<number, T>();

  /** Adds a value and returns its number. */
  add(value: T): number {
    this.last = (this.last + 1) % 2 ** 32;
    this.values.set(this.last, value);
    return this.last;
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
