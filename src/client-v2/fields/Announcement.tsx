/**
 * Announces a text to screen readers without showing it: a `status` when the reader pauses, an `alert` immediately.
 * Render it before there is anything to announce, since only changes of an existing element are announced.
 */
export function Announcement({ role = 'status', children }: { role?: 'status' | 'alert'; children?: string }) {
  return (
    <span
      role={role}
      style={{
        clipPath: 'inset(50%)',
        height: 1,
        overflow: 'hidden',
        position: 'absolute',
        whiteSpace: 'nowrap',
        width: 1,
      }}
    >
      {children}
    </span>
  );
}
