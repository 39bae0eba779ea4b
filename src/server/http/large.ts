import type { IncomingMessage } from 'node:http';
import { type Body, native } from '../native';

/** The most bytes of memory that is kept for later bodies. */
const KEPT_BYTES = 32 * 1024 * 1024;

/** How long kept memory may stay unused. */
const KEPT_MS = 10_000;

/**
 * The most bytes of large bodies that are read in one turn of the event loop. Node reads up to 2 MB of each connection in a turn, and
 * all other requests wait for that: 16 ms with eight connections.
 */
const TURN_BYTES = 256 * 1024;

/**
 * Reads the large bodies of an app without delaying other requests. Each goes into the addon's memory as it arrives: joining its
 * pieces at the end takes twice the memory and blocks the event loop, for 10 ms and more with 10 MB. JavaScript can't access that
 * memory, so that a thread can judge the body without a copy.
 */
export class LargeBodies {
  /**
   * Bodies that aren't needed any more, kept for their memory. With new memory for each body, V8 collects all garbage several times a
   * second, 20 ms each time, since it counts the bytes among its own.
   */
  private kept: { body: Body; since: number }[] = [];
  /** The bodies that can be kept and haven't been given back. */
  private readonly lent = new WeakSet<Body>();
  private dropping: NodeJS.Timeout | undefined;
  private bytesOfTurn = 0;
  private waiting: IncomingMessage[] = [];

  /** Reads a body of a declared length. Node itself makes sure that no more arrives than was declared. */
  read(request: IncomingMessage, length: number): Promise<Body | 'incomplete'> {
    return new Promise((resolve) => {
      let body: Body | undefined;
      request.on('data', (piece: Buffer) => {
        // Only now: a sender that declares a length and sends nothing takes no memory.
        body ??= this.take(length);
        if (body.append(piece) === length) {
          resolve(body);
        } else {
          this.pace(request, piece.length);
        }
      });
      request.once('error', () => resolve('incomplete'));
      request.once('close', () => resolve('incomplete'));
    });
  }

  /** Gives back a body that isn't needed any more. Ignores one that wasn't read here. */
  giveBack(body: Buffer | Body): void {
    if (Buffer.isBuffer(body) || !this.lent.delete(body)) {
      return;
    }
    this.kept.push({ body, since: performance.now() });
    let bytes = this.kept.reduce((sum, { body: { capacity } }) => sum + capacity, 0);
    while (bytes > KEPT_BYTES) {
      bytes -= this.kept.shift()?.body.capacity ?? bytes;
    }
    this.dropUnusedLater();
  }

  private take(length: number): Body {
    const index = this.kept.findIndex(({ body: { capacity } }) => capacity >= length && capacity <= 2 * length);
    const body = index < 0 ? new (native().Body)(length) : this.kept.splice(index, 1)[0].body;
    body.clear();
    this.lent.add(body);
    return body;
  }

  private dropUnusedLater(): void {
    this.dropping ??= setTimeout(() => {
      this.dropping = undefined;
      this.kept = this.kept.filter(({ since }) => performance.now() - since < KEPT_MS);
      if (this.kept.length > 0) {
        this.dropUnusedLater();
      }
    }, KEPT_MS).unref();
  }

  /** Pauses a request until the next turn of the event loop if enough has been read in this one. */
  private pace(request: IncomingMessage, bytes: number): void {
    if (this.bytesOfTurn === 0) {
      setImmediate(() => this.nextTurn());
    }
    this.bytesOfTurn += bytes;
    if (this.bytesOfTurn >= TURN_BYTES) {
      request.pause();
      this.waiting.push(request);
    }
  }

  private nextTurn(): void {
    const requests = this.waiting;
    this.waiting = [];
    this.bytesOfTurn = 0;
    for (const request of requests) {
      request.resume();
    }
  }
}
