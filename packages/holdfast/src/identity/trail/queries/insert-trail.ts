import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import type { TrailRow } from '../trail-row.ts'

/** Inserts a row. Its time is that of the database, at the end of its transaction. */
export function insertTrail(row: Omit<TrailRow, 'at'>): Statement {
  const { id, service, operation, caller_kind, caller_id, tenant, target, details } = row
  const { request_id, trace_id, status } = row
  const caller = [caller_kind, caller_id, tenant]
  return {
    name: 'holdfast_insert_trail',
    text: `
      insert into holdfast.trail
        (id, service, operation, caller_kind, caller_id, tenant, target, details, request_id, trace_id, status)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    values: [id, service, operation, ...caller, target, details, request_id, trace_id, status],
    isInsert: true,
  }
}
