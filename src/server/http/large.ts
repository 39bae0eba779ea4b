import type { IncomingMessage } from 'node:http';

/** Most bytes of buffers that are kept for bodies to come. */
const KEPT_BYTES = 32 * 1024 * 1024;

/** For how long a kept buffer may go unused. */
const KEPT_MS = 10_000;

/**
 * Most bytes of large bodies that are read in one turn of the event loop. Node reads up to 2 MB of each connection in a turn, and
 * everybody else waits for all of them: 16 ms and more with eight.
 */
const TURN_BYTES = 256 * 1024;

/**
 * Buffers that nobody needs any more. With a new one for each body V8 collects all garbage several times a second, 20 ms each
 * time, as it takes the bytes of buffers for garbage of its own.
 */
let kept: { buffer: ArrayBuffer; since: number }[] = [];

/** The bodies whose buffers can be kept, and have not been handed back. */
const lent = new WeakSet<Buffer>();

/** A buffer of `length` bytes; what is in it is whatever was there before. */
function take(length: number): Buffer {
  const index = kept.findIndex(({ buffer: { byteLength } }) => byteLength >= length && byteLength <= 2 * length);
  const buffer = index < 0 ? new ArrayBuffer(length) : kept.splice(index, 1)[0].buffer;
  const body = Buffer.from(buffer, 0, length);
  lent.add(body);
  return body;
}

/** Says that nobody will look at a body any more, whoever read it: its buffer is used again if it is a large one's. */
export function giveBack(body: Buffer): void {
  if (!lent.delete(body)) {
    return;
  }
  kept.push({ buffer: body.buffer as ArrayBuffer, since: Date.now() });
  let bytes = kept.reduce((sum, { buffer: { byteLength } }) => sum + byteLength, 0);
  while (bytes > KEPT_BYTES) {
    bytes -= kept.shift()?.buffer.byteLength ?? bytes;
  }
  if (kept.length === 1) {
    setTimeout(dropUnused, KEPT_MS).unref();
  }
}

function dropUnused(): void {
  kept = kept.filter(({ since }) => Date.now() - since < KEPT_MS);
  if (kept.length > 0) {
    setTimeout(dropUnused, KEPT_MS).unref();
  }
}

/**
 * Reads a body of a declared length into one buffer as it comes. Joining its pieces at the end takes twice the memory and keeps
 * everybody else waiting: 10 ms and more for 10 MB. Node itself sees to it that no more comes than was declared.
 */
export function readLarge(request: IncomingMessage, length: number): Promise<Buffer | 'incomplete'> {
  return new Promise((resolve) => {
    let body: Buffer | undefined;
    let filled = 0;
    request.on('data', (piece: Buffer) => {
      // Only now: who declares a length and sends nothing takes no memory.
      body ??= take(length);
      filled += piece.copy(body, filled);
      if (filled === length) {
        resolve(body);
      } else {
        pace(request, piece.length);
      }
    });
    request.once('error', () => resolve('incomplete'));
    request.once('close', () => resolve('incomplete'));
  });
}

let bytesOfTurn = 0;
let waiting: IncomingMessage[] = [];

/** Has a request wait for the next turn of the event loop where enough has been read in this one. */
function pace(request: IncomingMessage, bytes: number): void {
  if (bytesOfTurn === 0) {
    setImmediate(nextTurn);
  }
  bytesOfTurn += bytes;
  if (bytesOfTurn >= TURN_BYTES) {
    request.pause();
    waiting.push(request);
  }
}

function nextTurn(): void {
  const requests = waiting;
  waiting = [];
  bytesOfTurn = 0;
  for (const request of requests) {
    request.resume();
  }
}
