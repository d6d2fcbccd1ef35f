import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import type { ChainedRow } from '../trail-row.ts'

/** The columns of a row of the trail, with the time as text. */
export const trailColumns: string = `id, service,
  to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at,
  operation, caller_kind, caller_id, tenant, target, details, request_id, trace_id, status`

/** The end of a service's chain. */
export interface HeadRow {
  readonly position: string
  readonly hash: string
}

/** Creates the head of a service's chain, unless it exists. */
export function createHead(service: string): Statement {
  return {
    text: `
      insert into holdfast.trail_heads (service, position, hash) values ($1, 0, '')
      on conflict do nothing`,
    values: [service],
  }
}

/**
 * Reads the head of a service's chain and locks it until the transaction ends, so that only one
 * process extends the chain. Returns no row if another process holds the lock.
 */
export function lockHead(service: string): Statement {
  return {
    name: 'holdfast_lock_trail_head',
    text: `
      select position, encode(hash, 'hex') as hash from holdfast.trail_heads
      where service = $1
      for no key update skip locked`,
    values: [service],
  }
}

/** Finds rows that are not in the chain yet, in the order of their times. */
export function findUnchained(service: string, limit: number): Statement {
  return {
    name: 'holdfast_find_unchained_trail',
    text: `
      select ${trailColumns} from holdfast.trail
      where service = $1 and position is null
      order by service, trail.at, id
      limit $2`,
    values: [service, limit],
  }
}

/** Stores the positions and hashes of rows in the order of their times, and the new head. */
export function chainRows(service: string, rows: readonly ChainedRow[]): Statement {
  const last = rows.at(-1)!
  return {
    name: 'holdfast_chain_trail',
    text: `
      with head as (
        update holdfast.trail_heads set position = $6, hash = decode($7, 'hex') where service = $1
      )
      update holdfast.trail set position = chained.position, hash = decode(chained.hash, 'hex')
      from unnest($2::uuid[], $3::timestamptz[], $4::bigint[], $5::text[]) as chained (id, at, position, hash)
      where service = $1 and trail.at >= $8 and trail.at <= $9
        and trail.at = chained.at and trail.id = chained.id`,
    values: [
      service,
      rows.map(({ id }) => id),
      rows.map(({ at }) => at),
      rows.map(({ position }) => position),
      rows.map(({ hash }) => hash),
      last.position,
      last.hash,
      rows[0]!.at,
      last.at,
    ],
  }
}
