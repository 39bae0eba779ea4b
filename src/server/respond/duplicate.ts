import type { Reply } from '../native';

/** Marks the response to a duplicate. */
const REPLAYED_HEADER = 'idempotent-replayed';

/** Returns the reply to a duplicate of the event that the given reply answered. */
export function replyToDuplicate(reply: Reply): Reply {
  return { ...reply, headers: [...reply.headers, [REPLAYED_HEADER, 'true']] };
}
