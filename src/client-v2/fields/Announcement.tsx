/** Says something to a screen reader without showing it. */
export function Announcement({ children }: { children?: string }) {
  return (
    <span
      role="status"
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
