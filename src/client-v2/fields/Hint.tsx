import { Typography } from 'antd';

/** A sentence that explains the fields below it. */
export function Hint({ children }: { children: string }) {
  return <Typography.Paragraph type="secondary">{children}</Typography.Paragraph>;
}
