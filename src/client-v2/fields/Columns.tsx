import type { ReactNode } from 'react';

/** Fields side by side where there is room, one below the other where there isn't. */
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
