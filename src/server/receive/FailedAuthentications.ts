/** Failed authentications that one address may have at one webhook within {@link WINDOW_MS}. */
const MOST_FAILURES = 20;

const WINDOW_MS = 60_000;

/** Addresses that are remembered for all webhooks together, about 300 bytes each. Beyond that, the one that failed longest ago is forgotten. */
const MOST_ADDRESSES = 10_000;

interface Failures {
  key: string;
  /** When the last ones happened, oldest first; one more than are allowed at most. */
  times: number[];
}

/**
 * Counts failed authentications by webhook and address, so that guessing a secret is slow. Each node counts by itself: asking
 * Redis would slow down every request, including those of senders that never failed.
 */
export class FailedAuthentications {
  // In the order of their last failure.
  private readonly known = new Map<string, Failures>();
  /** How many addresses of a webhook are known. For a webhook that isn't here, a request costs one lookup. */
  private readonly addresses = new Map<string, number>();

  /** @param now returns the milliseconds of a clock that never goes back */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** How many addresses are remembered. */
  get size(): number {
    return this.known.size;
  }

  /**
   * Returns the milliseconds until an address may try again; 0 if it may try now.
   *
   * @param address is called only if some address failed at this webhook recently
   */
  wait(key: string, address: () => string): number {
    if (!this.addresses.has(key)) {
      return 0;
    }
    const now = this.now();
    this.forgetExpired(now);
    const times = this.known.get(nameOf(key, address()))?.times;
    return times && times.length > MOST_FAILURES ? Math.max(0, times[0] + WINDOW_MS - now) : 0;
  }

  /** Counts a failed authentication. */
  note(key: string, address: string): void {
    const now = this.now();
    this.forgetExpired(now);
    const name = nameOf(key, address);
    const times = this.known.get(name)?.times ?? [];
    this.forget(name);
    times.push(now);
    if (times.length > MOST_FAILURES + 1) {
      times.shift();
    }
    this.known.set(name, { key, times });
    this.addresses.set(key, (this.addresses.get(key) ?? 0) + 1);
    if (this.known.size > MOST_ADDRESSES) {
      this.forget(this.known.keys().next().value as string);
    }
  }

  private forgetExpired(now: number): void {
    for (const [name, { times }] of this.known) {
      if (times[times.length - 1] + WINDOW_MS > now) {
        return;
      }
      this.forget(name);
    }
  }

  private forget(name: string): void {
    const failures = this.known.get(name);
    if (!failures) {
      return;
    }
    this.known.delete(name);
    const left = (this.addresses.get(failures.key) ?? 0) - 1;
    if (left > 0) {
      this.addresses.set(failures.key, left);
    } else {
      this.addresses.delete(failures.key);
    }
  }
}

function nameOf(key: string, address: string): string {
  return `${key} ${networkOf(address)}`;
}

/** Returns the /64 of an IPv6 address, since one sender usually has all of it and can change its address for free. */
function networkOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) {
    return address;
  }
  const [start, end] = address.split('::').map((groups) => groups.split(':').filter(Boolean));
  const groups = end
    ? [...start, ...Array<string>(Math.max(0, 8 - start.length - end.length)).fill('0'), ...end]
    : start;
  return groups.slice(0, 4).join(':');
}
