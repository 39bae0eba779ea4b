import { describe, expect, it } from 'vitest';
import type { DeliveryChange, Recorded, StoredDelivery } from '../../src/server/deliveries/delivery';
import { Journal } from '../../src/server/deliveries/Journal';

class Failure extends Error {
  constructor(
    name: string,
    readonly original: object,
  ) {
    super('failed');
    this.name = name;
  }
}

const AWAY = new Failure('SequelizeConnectionError', { code: 'ECONNREFUSED' });
const REJECTED = new Failure('SequelizeDatabaseError', { code: '22001' });
const DUPLICATE = new Failure('SequelizeUniqueConstraintError', { code: '23505' });

/** A table in memory that can fail. */
class MemoryTable {
  readonly rows = new Map<string, StoredDelivery>();
  failing: Error | undefined;

  prepare(): Promise<void> {
    return this.fail();
  }

  async add(deliveries: Recorded[]): Promise<void> {
    await this.fail();
    for (const delivery of deliveries) {
      this.rows.set(delivery.id, { ...delivery });
    }
  }

  async change(changes: Map<string, DeliveryChange>): Promise<void> {
    await this.fail();
    for (const [id, change] of changes) {
      Object.assign(this.rows.get(id) ?? {}, change);
    }
  }

  private async fail(): Promise<void> {
    await Promise.resolve();
    if (this.failing) {
      throw this.failing;
    }
  }
}

async function open() {
  const table = new MemoryTable();
  const warnings: string[] = [];
  const clock = { ms: 0 };
  let ids = 0;
  const app = {
    logger: { warn: (line: string) => warnings.push(line), error: (line: string) => warnings.push(line) },
    snowflakeIdGenerator: { generate: () => (ids += 1) },
  };
  const journal = new Journal(
    app as never,
    table,
    (write) => write(),
    () => clock.ms,
  );
  await journal.open();
  const record = (code?: string, result: 'rejected' | 'duplicate' = 'rejected') =>
    journal.record({ workflowKey: 'key', result, code }, () => ({
      workflowId: '1',
      receivedAt: new Date(0),
      method: 'POST',
      path: '',
      ip: '',
    }));
  return { table, warnings, clock, journal, record };
}

describe('the journal', () => {
  it('has ten rows a second for requests of strangers, one for each code at least, and counts the others', async () => {
    const { journal, record, table, clock } = await open();
    for (let n = 0; n < 15; n += 1) {
      record('UNAUTHORIZED');
    }
    record('BODY_TOO_LARGE');
    record('BODY_TOO_LARGE');
    await journal.flush();
    record('UNAUTHORIZED');
    clock.ms = 1000;
    record('UNAUTHORIZED');
    await journal.close();
    const rows = [...table.rows.values()].map(({ code, more = 0 }) => `${code}+${more}`);
    expect(rows).toEqual([
      ...Array<string>(9).fill('UNAUTHORIZED+0'),
      // Five before the flush and one after it.
      'UNAUTHORIZED+6',
      'BODY_TOO_LARGE+1',
      'UNAUTHORIZED+0',
    ]);
  });

  it('has a row for every duplicate', async () => {
    const { journal, record, table } = await open();
    for (let n = 0; n < 30; n += 1) {
      record(undefined, 'duplicate');
    }
    await journal.close();
    expect(table.rows.size).toBe(30);
  });

  it('keeps what it has while the database is away, with what changed meanwhile', async () => {
    const { journal, record, table } = await open();
    const stored = record('UNAUTHORIZED') as Recorded;
    await journal.flush();
    table.failing = AWAY;
    const fresh = record('RATE_LIMITED') as Recorded;
    journal.change(stored, { more: 1 });
    await journal.flush();
    journal.change(stored, { checks: '[]' });
    journal.change(fresh, { more: 2 });
    await journal.flush();
    table.failing = undefined;
    await journal.close();
    expect([...table.rows.values()]).toMatchObject([
      { code: 'UNAUTHORIZED', more: 1, checks: '[]' },
      { code: 'RATE_LIMITED', more: 2 },
    ]);
  });

  it('gives another id to a row whose id exists', async () => {
    const { journal, record, table } = await open();
    const delivery = record('UNAUTHORIZED') as Recorded;
    const { id } = delivery;
    table.failing = DUPLICATE;
    await journal.flush();
    table.failing = undefined;
    await journal.close();
    expect([...table.rows.keys()]).toEqual([delivery.id]);
    expect(delivery.id).not.toBe(id);
  });

  it('leaves out what the database never takes, and says so', async () => {
    const { journal, record, table, warnings } = await open();
    record('UNAUTHORIZED');
    table.failing = REJECTED;
    await journal.flush();
    table.failing = undefined;
    record('RATE_LIMITED');
    await journal.close();
    expect([...table.rows.values()].map(({ code }) => code)).toEqual(['RATE_LIMITED']);
    expect(warnings).toEqual([expect.stringContaining('1 deliveries or changes are not recorded: 22001')]);
  });

  it('holds a bounded number of rows and says how many it could not hold', async () => {
    const { journal, record, table, warnings } = await open();
    table.failing = AWAY;
    for (let n = 0; n < 20_005; n += 1) {
      record(undefined, 'duplicate');
    }
    await journal.flush();
    table.failing = undefined;
    await journal.close();
    expect(table.rows.size).toBe(20_000);
    expect(warnings).toEqual([expect.stringContaining('5 deliveries')]);
  });

  it('records nothing before its table exists and after it is closed', async () => {
    const { journal, record, table } = await open();
    await journal.close();
    expect([journal.isOpen, record('UNAUTHORIZED')]).toEqual([false, undefined]);
    expect(table.rows.size).toBe(0);
  });
});
