/**
 * Says something to a screen reader without showing it: a `status` when the reader pauses, an `alert` at once. It has to
 * be there before there is something to say.
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
