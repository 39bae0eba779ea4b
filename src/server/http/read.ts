import type { IncomingMessage } from 'node:http';
import getRawBody from 'raw-body';

/** How reading a body can go wrong without the server being at fault. */
export type ReadFailure = 'tooLarge' | 'incomplete';

const EMPTY = Buffer.alloc(0);

/**
 * From this size on a body is put into one buffer as it comes. Joining its pieces at the end, as raw-body does, takes twice the
 * memory and keeps everybody else waiting: 10 ms and more for 10 MB.
 */
const LARGE_BYTES = 64 * 1024;

/**
 * Reads a body's exact bytes.
 *
 * @param limit most bytes that are read
 */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer | ReadFailure> {
  const declared = request.headers['content-length'];
  if (declared === '0' || (declared === undefined && request.headers['transfer-encoding'] === undefined)) {
    return EMPTY;
  }
  if (Number(declared) >= LARGE_BYTES) {
    return Number(declared) > limit ? 'tooLarge' : readLarge(request, Number(declared));
  }
  try {
    return await getRawBody(request, { length: declared, limit });
  } catch (error) {
    switch ((error as { type?: string }).type) {
      case 'entity.too.large':
        return 'tooLarge';
      case 'request.aborted':
      case 'request.size.invalid':
        return 'incomplete';
      default:
        throw error;
    }
  }
}

/** Node itself sees to it that no more comes than was declared. */
function readLarge(request: IncomingMessage, length: number): Promise<Buffer | 'incomplete'> {
  return new Promise((resolve) => {
    let body = EMPTY;
    let filled = 0;
    request.on('data', (piece: Buffer) => {
      // Only now: who declares a length and sends nothing takes no memory.
      if (filled === 0) {
        body = Buffer.allocUnsafeSlow(length);
      }
      filled += piece.copy(body, filled);
      if (filled === length) {
        resolve(body);
      }
    });
    request.once('error', () => resolve('incomplete'));
    request.once('close', () => resolve('incomplete'));
  });
}
