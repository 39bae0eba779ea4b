import type { IncomingMessage } from 'node:http';
import getRawBody from 'raw-body';
import type { Body } from '../native';
import type { LargeBodies } from './large';

/** How reading a body can fail because of its sender. */
export type ReadFailure = 'tooLarge' | 'incomplete';

const EMPTY = Buffer.alloc(0);

/** Bodies of this size and larger are read without delaying other requests; for smaller ones raw-body is as good. */
const LARGE_BYTES = 64 * 1024;

/**
 * Returns a body that has arrived whole, as most small ones have once NocoBase's middlewares are done. Returns `undefined` if some of
 * it is missing, its length isn't declared, or another middleware has read it; `readBody` says what that means.
 */
export function arrivedBody(request: IncomingMessage): Buffer | undefined {
  const { 'content-length': declared, 'transfer-encoding': coding } = request.headers;
  if (declared === '0' || (declared === undefined && coding === undefined)) {
    return EMPTY;
  }
  const isWhole = request.complete && request.readableLength === Number(declared);
  return isWhole ? (request.read() as Buffer) : undefined;
}

/**
 * Reads the exact bytes of a body that hasn't arrived whole.
 *
 * @param limit the most bytes that are read
 * @param large reads large bodies, which can be given back to it
 */
export async function readBody(
  request: IncomingMessage,
  limit: number,
  large: LargeBodies,
): Promise<Buffer | Body | ReadFailure> {
  const declared = request.headers['content-length'];
  if (Number(declared) >= LARGE_BYTES) {
    return Number(declared) > limit ? 'tooLarge' : large.read(request, Number(declared));
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
