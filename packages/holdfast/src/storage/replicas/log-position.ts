import type { Statement } from '../postgres/statement/statement.ts'

/**
 * The header with a position in the write-ahead log. A mutation's response contains the position,
 * and a client sends it with reads that must see what the mutation wrote.
 */
export const positionHeader = 'holdfast-position'

/** A position that no replica reaches: reads that send it go to the primary. */
export const endOfLog: string = 'FFFFFFFF/FFFFFFFF'

/**
 * Parses a position in the write-ahead log, which Postgres writes as two hexadecimal numbers
 * (https://www.postgresql.org/docs/current/datatype-pg-lsn.html). Returns `undefined` if the text
 * is not a position.
 */
export function parsePosition(text: string): bigint | undefined {
  const [, high, low] = /^([\dA-F]{1,8})\/([\dA-F]{1,8})$/i.exec(text) ?? []
  if (high === undefined || low === undefined) return undefined
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`)
}

/** The row that {@link readInsertPosition} returns. */
export interface InsertPositionRow {
  readonly position: string
}

/**
 * Returns a statement that reads a position after all commits so far, including commits not yet
 * flushed to disk.
 */
export function readInsertPosition(): Statement {
  return { name: 'holdfast_read_position', text: 'select pg_current_wal_insert_lsn()::text as position' }
}
