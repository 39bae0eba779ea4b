import type { Application } from '@nocobase/server';

/** Returns a new id, as NocoBase gives it to executions: digits, in the order of time. */
export function newId({ snowflakeIdGenerator }: Pick<Application, 'snowflakeIdGenerator'>): string {
  return String(snowflakeIdGenerator.generate());
}
