import { isViewMissing } from './sqliteView';

/**
 * What the database says about a statement that failed.
 *
 * - `rejected`: a row can never be stored; trying again doesn't help.
 * - `duplicate`: a unique key of a row exists already.
 * - `conflict`: another transaction was in the way; trying again at once may help.
 * - `unavailable`: anything else, for example a lost connection.
 */
export interface Failure {
  kind: 'unavailable' | 'rejected' | 'duplicate' | 'conflict';
  reason: string;
}

/** Reads the databases' own error codes. */
export function describeFailure(error: unknown): Failure {
  const { name, message, original, parent } = (error ?? {}) as {
    name?: string;
    message?: string;
    original?: DriverError;
    parent?: DriverError;
  };
  const driver = original ?? parent ?? {};
  const code = String(driver.code ?? '');
  const state = String(driver.sqlState ?? (/^[0-9A-Z]{5}$/.test(code) ? code : ''));
  // MariaDB's driver puts the statement and its values into the message, which must not get into a log.
  const reason = `${code || name}: ${driver.text ?? driver.message ?? message ?? String(error)}`;
  if (isViewMissing(String(driver.message))) {
    return { kind: 'conflict', reason };
  }
  // Sequelize gives this name to every constraint of SQLite, triggers included.
  const isUnique = code !== 'SQLITE_CONSTRAINT' || String(driver.message).includes('UNIQUE constraint failed');
  if (name === 'SequelizeUniqueConstraintError' && isUnique) {
    return { kind: 'duplicate', reason };
  }
  // A deadlock or a failed serialization; MariaDB 1020: the row has changed since it was read.
  if (['40001', '40P01'].includes(state) || [1205, 1213, 1020].includes(Number(driver.errno))) {
    return { kind: 'conflict', reason };
  }
  // SQL's classes of errors in data: 21 cardinality, 22 data, 23 integrity, 44 check option; PostgreSQL's 54 program limit and
  // P0001, an error raised by a trigger.
  if (/^(21|22|23|44|54)/.test(state) || ['P0001', '45000'].includes(state) || ROW_ERRORS.has(code)) {
    return { kind: 'rejected', reason };
  }
  return { kind: 'unavailable', reason };
}

interface DriverError {
  code?: string;
  errno?: number;
  sqlState?: string;
  message?: string;
  text?: string;
}

/** Errors in data for which MySQL and SQLite give no {@link DriverError.sqlState}, or one of the wrong class. */
const ROW_ERRORS = new Set([
  'SQLITE_CONSTRAINT',
  'SQLITE_TOOBIG',
  'SQLITE_MISMATCH',
  'ER_CHECK_CONSTRAINT_VIOLATED',
  'ER_CONSTRAINT_FAILED',
  'ER_INVALID_JSON_TEXT',
  'ER_JSON_DOCUMENT_TOO_DEEP',
  'ER_DATA_TOO_LONG',
  'ER_NET_PACKET_TOO_LARGE',
  'ER_TRUNCATED_WRONG_VALUE_FOR_FIELD',
]);
