import sql from 'sql-template-tag'
import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import { trailColumns } from './chain.ts'

/** The services with a chain, or with the rest of a chain. */
export function findChains(service: string | null): Statement {
  return {
    text: `
      select service from holdfast.trail_heads where $1::text is null or service = $1
      union select service from holdfast.trail where position is not null and ($1::text is null or service = $1)
      order by 1`,
    values: [service],
  }
}

/** Reads the rows of a chain after a position, in order. */
export function readChain(service: string, after: string, limit: number): Statement {
  return {
    text: `
      select ${trailColumns}, position, encode(hash, 'hex') as hash from holdfast.trail
      where service = $1 and position > $2
      order by position
      limit $3`,
    values: [service, after, limit],
  }
}

/** Reads the end of a chain. */
export function readHead(service: string): Statement {
  return sql`
    select position, encode(hash, 'hex') as hash from holdfast.trail_heads where service = ${service}`
}

/** An anchor: positions that were dropped with their partition. */
export interface AnchorRow {
  readonly service: string
  readonly first: string
  readonly last: string
  readonly hash: string
  readonly partition: string
}

/** Reads the anchor that begins at a position. */
export function readAnchor(service: string, first: string): Statement {
  return sql`
    select service, first, last, encode(hash, 'hex') as hash, partition from holdfast.trail_anchors
    where service = ${service} and first = ${first}`
}

/** Counts the rows that are not in the chain yet. */
export function countUnchained(service: string): Statement {
  return sql`
    select count(*)::integer as count from holdfast.trail where service = ${service} and position is null`
}

/** Drops the partitions of the months that ended before a time. Returns their anchors. */
export function dropPartitions(before: Date): Statement {
  return sql`
    select service, first, last, encode(hash, 'hex') as hash, partition
    from holdfast.drop_trail_partitions(${before})`
}
