import { useFlowEngine } from '@nocobase/flow-engine';
import { Descriptions, theme, Typography } from 'antd';
import { useEffect, useState } from 'react';
import type { Delivery, DeliveryDetails } from '../../common/delivery';
import { DELIVERIES } from '../../common/names';
import { CheckList } from '../fields/CheckList';
import { useT } from '../locale';

/** Everything that is recorded of a request. */
export function RequestDetails({ delivery }: { delivery: Delivery }) {
  const t = useT();
  const { api } = useFlowEngine().context;
  const { id, result } = delivery;
  const { token } = theme.useToken();
  const [checks, setChecks] = useState<DeliveryDetails['checks']>();
  useEffect(() => {
    if (result !== 'rejected') {
      return undefined;
    }
    let isShown = true;
    api.request({ url: `${DELIVERIES}:get/${id}`, method: 'get', skipNotify: true }).then(
      (response) => isShown && setChecks((response.data.data as DeliveryDetails).checks),
      // Everything else is shown all the same.
      () => undefined,
    );
    return () => {
      isShown = false;
    };
  }, [api, id, result]);

  const items: [string, string | number | undefined][] = [
    [t('Request ID'), delivery.id],
    [t('Received at'), new Date(delivery.receivedAt).toLocaleString()],
    [t('Path'), delivery.path || undefined],
    [t('IP address'), delivery.ip || undefined],
    [t('Content type'), delivery.contentType],
    [t('Size'), delivery.size === undefined ? undefined : t('{{n}} bytes', { n: delivery.size })],
    [t('Duration'), delivery.durationMs === undefined ? undefined : `${delivery.durationMs} ms`],
  ];
  return (
    <>
      {delivery.leniency ? (
        <Typography.Paragraph type="secondary">
          {t('Accepted despite: {{leniency}}', { leniency: delivery.leniency })}
        </Typography.Paragraph>
      ) : null}
      {delivery.aborted ? (
        <Typography.Paragraph type="secondary">{t('The sender had disconnected by then.')}</Typography.Paragraph>
      ) : null}
      {delivery.more ? (
        <Typography.Paragraph type="secondary">
          {t('{{n}} more requests like this in the same second', { n: delivery.more })}
        </Typography.Paragraph>
      ) : null}
      <Descriptions size="small" column={1} labelStyle={{ color: token.colorText }}>
        {items
          .filter(([, value]) => value !== undefined)
          .map(([label, value]) => (
            <Descriptions.Item key={label} label={label}>
              {value}
            </Descriptions.Item>
          ))}
      </Descriptions>
      {checks ? <CheckList checks={checks} /> : null}
    </>
  );
}
