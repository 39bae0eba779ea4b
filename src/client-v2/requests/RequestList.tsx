import { Alert, Badge, Button, ConfigProvider, Empty, Select, Switch, Table, theme, Tooltip, Typography } from 'antd';
import { useContext, useId, useState } from 'react';
import type { Delivery } from '../../common/delivery';
import { ForReaders } from '../fields/ForReaders';
import { useT } from '../locale';
import { ago, executionAddress, outcomeOf } from '../model/deliveries';
import { RequestDetails } from './RequestDetails';
import { useDeliveries } from './useDeliveries';

/** The requests to a webhook, newest first, with what became of them. Works in a disabled form too. */
export function RequestList({ workflowId }: { workflowId: string | number | undefined }) {
  const t = useT();
  const id = useId();
  const { token } = theme.useToken();
  const [result, setResult] = useState<string>();
  const [live, setLive] = useState(true);
  const { deliveries, at, hasMore, loading, problem, reload, loadMore } = useDeliveries(workflowId, result, live);

  if (problem === 'forbidden') {
    return <Alert type="info" showIcon message={t("You don't have permission to see requests.")} />;
  }
  return (
    <>
      <div
        style={{
          alignItems: 'center',
          display: 'flex',
          flexWrap: 'wrap',
          gap: token.marginXS,
          marginBottom: token.marginSM,
        }}
      >
        <Select
          aria-label={t('Result')}
          disabled={false}
          allowClear
          style={{ flex: '0 1 160px', minWidth: 0 }}
          placeholder={t('All results')}
          value={result}
          onChange={setResult}
          options={[
            { value: 'accepted', label: t('Accepted') },
            { value: 'rejected', label: t('Rejected') },
            { value: 'duplicate', label: t('Duplicate') },
            { value: 'verification', label: t('URL verification') },
          ]}
        />
        <Switch disabled={false} id={`${id}-live`} size="small" checked={live} onChange={setLive} />
        <label htmlFor={`${id}-live`}>{t('Live')}</label>
        <Button disabled={false} size="small" loading={loading} onClick={reload}>
          {t('Refresh')}
        </Button>
      </div>
      {problem ? (
        <Alert
          type="error"
          showIcon
          message={t('Requests could not be loaded.')}
          action={
            <Button disabled={false} size="small" onClick={reload}>
              {t('Retry')}
            </Button>
          }
          style={{ marginBottom: token.marginSM }}
        />
      ) : null}
      <RequestTable
        deliveries={deliveries}
        at={at}
        loading={!deliveries && !problem}
        empty={result ? t('No requests match.') : t('No requests yet. Send one to the URL above.')}
      />
      {hasMore ? (
        <Button disabled={false} loading={loading} style={{ marginTop: token.marginSM }} onClick={loadMore}>
          {t('Load more')}
        </Button>
      ) : null}
    </>
  );
}

interface RequestTableProps {
  deliveries: Delivery[] | undefined;
  /** The time that they are seen from, in milliseconds since 1970. */
  at: number;
  loading: boolean;
  /** What is said in place of no requests. */
  empty: string;
}

function RequestTable({ deliveries = [], at, loading, empty }: RequestTableProps) {
  const t = useT();
  const language = useContext(ConfigProvider.ConfigContext).locale?.locale ?? 'en';
  return (
    <Table<Delivery>
      size="small"
      rowKey="id"
      dataSource={deliveries}
      loading={loading}
      pagination={false}
      scroll={{ x: 520 }}
      locale={{ emptyText: loading ? ' ' : <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={empty} /> }}
      expandable={{
        columnTitle: <ForReaders>{t('Details')}</ForReaders>,
        expandedRowRender: (delivery) => <RequestDetails delivery={delivery} />,
      }}
      columns={[
        {
          title: t('Time'),
          render: (_, { receivedAt }) => (
            <Tooltip title={new Date(receivedAt).toLocaleString()}>
              <time dateTime={receivedAt}>{ago(receivedAt, at, language)}</time>
            </Tooltip>
          ),
        },
        {
          title: t('Result'),
          render: (_, delivery) => {
            const { color, label } = outcomeOf(delivery, t);
            return <Badge status={color} text={delivery.more ? `${label} (+${delivery.more})` : label} />;
          },
        },
        {
          title: t('Request'),
          render: (_, { method, path }) => (
            <Typography.Text ellipsis={{ tooltip: path }} style={{ maxWidth: 160 }}>
              {path ? `${method} ${path}` : method}
            </Typography.Text>
          ),
        },
        {
          title: t('Response'),
          render: (_, { status, code }) => [status, code].filter(Boolean).join(' '),
        },
        {
          title: t('Execution'),
          render: (_, { executionId }) => <ExecutionLink executionId={executionId} />,
        },
      ]}
    />
  );
}

function ExecutionLink({ executionId }: { executionId: string | undefined }) {
  const t = useT();
  const address = executionId && executionAddress(window.location.pathname, executionId);
  // In a window of its own: this one may have unsaved settings.
  return address ? (
    <a href={address} target="_blank" rel="noreferrer" aria-label={t('Open execution {{id}}', { id: executionId })}>
      {t('View')}
    </a>
  ) : null;
}
