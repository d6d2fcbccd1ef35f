import type { Statement } from '../../postgres/statement.ts'

/** Reads an id for a service on this database, by which its queues differ from those of others in the same Redis, and of copies under other names. */
export function identifyDatabase(service: string): Statement {
  return {
    text: `
      select left(encode(sha256(value || convert_to(current_database() || ' ' || $1, 'UTF8')), 'hex'), 12) as id
      from holdfast.secrets where name = 'cursor'`,
    values: [service],
  }
}
