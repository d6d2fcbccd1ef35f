import { createHash } from 'node:crypto'

/** A row of the trail as it is stored, with its numbers and times as text. */
export interface TrailRow {
  readonly id: string
  readonly service: string
  /** The time of the call: `2026-12-01T09:30:00.123456Z`. */
  readonly at: string
  readonly operation: string
  readonly caller_kind: string
  readonly caller_id: string | null
  readonly tenant: string | null
  readonly target: string | null
  readonly details: string | null
  readonly request_id: string
  readonly trace_id: string | null
  readonly status: number
}

/** A row with its place in the chain. */
export interface ChainedRow extends TrailRow {
  readonly position: string
  /** In hexadecimal. */
  readonly hash: string
}

/** The hash before the first position. */
export const firstHash = ''

/**
 * Returns the hash of a row at a position: the SHA-256 of a JSON array of the previous hash, the
 * position and all columns, in hexadecimal.
 */
export function hashOf(
  row: TrailRow,
  { position, previous }: { position: string; previous: string },
): string {
  const content = [
    previous,
    position,
    row.service,
    row.id,
    row.at,
    row.operation,
    row.caller_kind,
    row.caller_id,
    row.tenant,
    row.target,
    row.details,
    row.request_id,
    row.trace_id,
    row.status,
  ]
  return createHash('sha256').update(JSON.stringify(content)).digest('hex')
}
