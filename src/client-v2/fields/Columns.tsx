import type { ReactNode } from 'react';

/** Shows fields side by side if there is room, otherwise below each other. */
export function Columns({ children }: { children: ReactNode }) {
  return (
    <div
      style={{
        display: 'grid',
        gap: '0 16px',
        gridTemplateColumns: 'repeat(auto-fit, minmax(min(100%, 14em), 1fr))',
      }}
    >
      {children}
    </div>
  );
}
