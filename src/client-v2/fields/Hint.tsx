import { Typography } from 'antd';

/** A sentence on what the fields below it are for. */
export function Hint({ children }: { children: string }) {
  return <Typography.Paragraph type="secondary">{children}</Typography.Paragraph>;
}
