import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/**
 * Reads an id that identifies the service on this database. In a shared Redis, the id separates the
 * service's queues from those of other services, other databases and renamed copies of this
 * database.
 */
export function identifyDatabase(service: string): Statement {
  return {
    text: `
      select left(encode(sha256(value || convert_to(current_database() || ' ' || $1, 'UTF8')), 'hex'), 12) as id
      from holdfast.secrets where name = 'cursor'`,
    values: [service],
  }
}
