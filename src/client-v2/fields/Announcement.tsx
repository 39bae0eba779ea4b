import { ForReaders } from './ForReaders';

/**
 * Announces a text to screen readers without showing it: a `status` when the reader pauses, an `alert` immediately.
 * Render it before there is anything to announce, since only changes of an existing element are announced.
 */
export function Announcement({ role = 'status', children }: { role?: 'status' | 'alert'; children?: string }) {
  return <ForReaders role={role}>{children}</ForReaders>;
}
