import type { ReactNode } from 'react';

interface ForReadersProps {
  role?: 'status' | 'alert';
  children?: ReactNode;
}

/** A text that only screen readers see. */
export function ForReaders({ role, children }: ForReadersProps) {
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
