import type { IncomingMessage } from 'node:http';

/** Most bytes of buffers that are kept for bodies to come. */
const KEPT_BYTES = 32 * 1024 * 1024;

/** For how long a kept buffer may go unused. */
const KEPT_MS = 10_000;

/**
 * Most bytes of large bodies that are read in one turn of the event loop. Node reads up to 2 MB of each connection in a turn, and
 * everybody else waits for all of them: 16 ms with eight.
 */
const TURN_BYTES = 256 * 1024;

/**
 * Reads the large bodies of an app, mindful of everybody else in the process: each goes into one buffer as it comes, as joining
 * its pieces at the end takes twice the memory and holds everything up, 10 ms and more for 10 MB.
 */
export class LargeBodies {
  /**
   * Buffers that nobody needs any more. With a new one for each body V8 collects all garbage several times a second, 20 ms each
   * time, since it counts the bytes of buffers among its own.
   */
  private kept: { buffer: ArrayBuffer; since: number }[] = [];
  /** The bodies whose buffers can be kept, and have not been handed back. */
  private readonly lent = new WeakSet<Buffer>();
  private dropping: NodeJS.Timeout | undefined;
  private bytesOfTurn = 0;
  private waiting: IncomingMessage[] = [];

  /** Reads a body of a declared length. Node itself sees to it that no more comes than was declared. */
  read(request: IncomingMessage, length: number): Promise<Buffer | 'incomplete'> {
    return new Promise((resolve) => {
      let body: Buffer | undefined;
      let filled = 0;
      request.on('data', (piece: Buffer) => {
        // Only now: who declares a length and sends nothing takes no memory.
        body ??= this.take(length);
        filled += piece.copy(body, filled);
        if (filled === length) {
          resolve(body);
        } else {
          this.pace(request, piece.length);
        }
      });
      request.once('error', () => resolve('incomplete'));
      request.once('close', () => resolve('incomplete'));
    });
  }

  /** Says that nobody will look at a body any more. One that was not read here is let be. */
  giveBack(body: Buffer): void {
    if (!this.lent.delete(body)) {
      return;
    }
    this.kept.push({ buffer: body.buffer as ArrayBuffer, since: Date.now() });
    let bytes = this.kept.reduce((sum, { buffer: { byteLength } }) => sum + byteLength, 0);
    while (bytes > KEPT_BYTES) {
      bytes -= this.kept.shift()?.buffer.byteLength ?? bytes;
    }
    this.dropUnusedLater();
  }

  // What is in the buffer is whatever was there before.
  private take(length: number): Buffer {
    const index = this.kept.findIndex(({ buffer: { byteLength } }) => byteLength >= length && byteLength <= 2 * length);
    const buffer = index < 0 ? new ArrayBuffer(length) : this.kept.splice(index, 1)[0].buffer;
    const body = Buffer.from(buffer, 0, length);
    this.lent.add(body);
    return body;
  }

  private dropUnusedLater(): void {
    this.dropping ??= setTimeout(() => {
      this.dropping = undefined;
      this.kept = this.kept.filter(({ since }) => Date.now() - since < KEPT_MS);
      if (this.kept.length > 0) {
        this.dropUnusedLater();
      }
    }, KEPT_MS).unref();
  }

  /** Has a request wait for the next turn of the event loop where enough has been read in this one. */
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
