import { type Database, Op } from '@nocobase/database';
import type { Check } from '../../../index';
import type { Rejection } from '../../common/rejection';
import type { Delivery, DeliveryDetails, DeliveryResult } from '../../common/delivery';
import { DELIVERIES } from '../../common/names';
import type { StoredDelivery } from './delivery';

/** Rejections that the editor shows. */
const MOST_REJECTIONS = 10;

/** What is asked for of a webhook's deliveries. */
export interface Wanted {
  workflowKey?: string;
  result?: DeliveryResult;
  code?: string;
  status?: number;
  /** Only older ones than the one with this id. */
  before?: string;
  limit: number;
}

interface Row extends StoredDelivery {
  executionStatus: number | null;
}

/** Returns deliveries, newest first. Their ids are in the order of arrival. */
export async function listDeliveries(db: Database, { before, limit, ...equal }: Wanted): Promise<Delivery[]> {
  const where = Object.fromEntries(Object.entries(equal).filter(([, value]) => value !== undefined));
  const rows = await find(db, before === undefined ? where : { ...where, id: { [Op.lt]: before } }, limit);
  const statuses = await executionStatuses(
    db,
    rows.flatMap(({ executionId }) => executionId ?? []),
  );
  return rows.map(({ checks: _checks, ...row }) => shown(row, statuses));
}

/** Returns one delivery with the checks of a rejected one; `undefined` if there is none of this id. */
export async function getDelivery(db: Database, id: string): Promise<DeliveryDetails | undefined> {
  const [row] = await find(db, { id }, 1);
  if (!row) {
    return undefined;
  }
  const { checks, ...rest } = row;
  const delivery = shown(rest, await executionStatuses(db, rest.executionId ? [rest.executionId] : []));
  return checks ? { ...delivery, checks: JSON.parse(checks) as Check[] } : delivery;
}

/** Returns the last rejections of a webhook, newest first. */
export async function listRejections(db: Database, workflowKey: string): Promise<Rejection[]> {
  const rows = await find(db, { workflowKey, result: 'rejected' }, MOST_REJECTIONS);
  return rows.map(({ receivedAt, status, code, method, ip, checks }) => ({
    at: new Date(receivedAt).getTime(),
    status: status ?? 0,
    code: code ?? '',
    method,
    address: ip,
    checks: checks ? (JSON.parse(checks) as Check[]) : [],
  }));
}

async function find(db: Database, where: object, limit: number): Promise<Row[]> {
  const rows = await db
    .getModel(DELIVERIES)
    .findAll({ where: where as never, limit, order: [['id', 'DESC']], raw: true });
  return rows as unknown as Row[];
}

async function executionStatuses(db: Database, ids: string[]): Promise<Map<string, number | null>> {
  if (ids.length === 0) {
    return new Map();
  }
  const rows = (await db.getModel('executions').findAll({
    attributes: ['id', 'status'],
    where: { id: ids },
    raw: true,
  })) as unknown as { id: string | number; status: number | null }[];
  return new Map(rows.map(({ id, status }) => [String(id), status]));
}

function shown(row: Omit<Row, 'checks'>, statuses: Map<string, number | null>): Delivery {
  const known = Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as unknown as Delivery;
  known.id = String(row.id);
  known.workflowId = String(row.workflowId);
  known.receivedAt = new Date(row.receivedAt).toISOString();
  if (row.executionId) {
    known.executionId = String(row.executionId);
    const status = statuses.get(known.executionId);
    if (status !== undefined) {
      known.executionStatus = status;
    }
  }
  if (row.size != null) {
    known.size = Number(row.size);
  }
  if (row.aborted != null) {
    known.aborted = Boolean(row.aborted);
  }
  return known;
}
