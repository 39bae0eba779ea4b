import { NodeDefaultView, type CanvasNode } from '@nocobase/plugin-workflow/client-v2';
import { Typography } from 'antd';
import type { ResponseConfig } from '../common/config';
import { useT } from './locale';
import { statusText } from './model/status';

/** The node on the canvas: NocoBase's card plus the status code of the response. */
export default function ResponseCard({ data }: { data: CanvasNode }) {
  const t = useT();
  const { statusCode = 200 } = (data.config ?? {}) as ResponseConfig;
  return (
    <NodeDefaultView
      data={data}
      cardExtra={
        <Typography.Text type="secondary">
          {t('Status code')}: {statusText(statusCode)}
        </Typography.Text>
      }
    />
  );
}
