import type { Database } from '@nocobase/database';

/** The part of Sequelize's query generator that is used here. */
interface QueryGenerator {
  format?(
    value: unknown,
    field: unknown,
    options: { context: string },
    bindParam: (value: unknown) => unknown,
  ): unknown;
}

/**
 * Returns a value in the form in which a model binds it to a column.
 *
 * Calls the internal `format` of Sequelize's query generator. Verified with NocoBase 2.2.15 (Sequelize 6). Fallback: the value
 * itself, which PostgreSQL, MySQL and MariaDB accept; SQLite then stores dates as numbers.
 */
export function columnValue(db: Database, field: unknown, value: unknown): unknown {
  const generator = db.sequelize.getQueryInterface().queryGenerator as unknown as QueryGenerator;
  let bound = value;
  generator.format?.(value, field, { context: 'INSERT' }, (formatted) => {
    bound = formatted;
    return '';
  });
  return bound;
}
