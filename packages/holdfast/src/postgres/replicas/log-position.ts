import type { Statement } from '../statement.ts'

/** The header of a mutation's answer, and of the reads that are to see what it wrote: a position in the log of the database. */
export const positionHeader = 'holdfast-position'

/** What no replica ever reaches: reads that ask for it see everything. */
export const endOfLog: string = 'FFFFFFFF/FFFFFFFF'

/**
 * A position in the write-ahead log as a number: of the text that Postgres has for it, two hexadecimal numbers
 * (https://www.postgresql.org/docs/current/datatype-pg-lsn.html). `undefined` where it is none.
 */
export function parsePosition(text: string): bigint | undefined {
  const [, high, low] = /^([\dA-F]{1,8})\/([\dA-F]{1,8})$/i.exec(text) ?? []
  if (high === undefined || low === undefined) return undefined
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`)
}

/** What {@link readInsertPosition} finds. */
export interface InsertPositionRow {
  readonly position: string
}

/** Reads a position behind everything that has committed by now, whether the disk has it or not. */
export function readInsertPosition(): Statement {
  return { name: 'holdfast_read_position', text: 'select pg_current_wal_insert_lsn()::text as position' }
}
