import type { Statement } from '../../../../storage/postgres/statement/statement.ts'
import { unarchive } from '../../queries/archive.ts'

/** Selects the dead jobs for {@link redriveDead}. */
export interface RedriveOf {
  readonly service: string
  readonly name: string
  readonly limit: number
}

/** The outcome of {@link redriveDead}. */
export interface RedrivenRow {
  readonly ids: readonly string[]
  /** The number of jobs with this name that are still dead. */
  readonly left: number
}

/**
 * Redrives dead jobs with the given name, oldest first. If several of them share a unique key that
 * applies until a job ends, only the newest is redriven. If another job holds that key, none of
 * them is redriven.
 */
export function redriveDead({ service, name, limit }: RedriveOf): Statement {
  return {
    text: `
      with candidates as (
        select distinct on (unique_key, tenant, case when unique_key is null or not keeps_key then id end) id
        from holdfast.ended_jobs as dead
        where service = $3 and name = $1 and state = 'dead' and not (keeps_key and exists (
          select from holdfast.jobs as other
          where other.service = $3 and other.name = $1 and other.unique_key = dead.unique_key and other.holds_key
            and coalesce(other.tenant, '') = coalesce(dead.tenant, '')
        ))
        order by unique_key, tenant, case when unique_key is null or not keeps_key then id end, seq desc
      ), chosen as materialized (
        select id from holdfast.ended_jobs
        where id in (select id from candidates) and state = 'dead'
        order by seq
        limit $2
        for update skip locked
      ), ${unarchive({ failures: '0', snoozes: '0' })}
      select
        array(select id from returned order by seq) as ids,
        (select count(*) from holdfast.ended_jobs where service = $3 and name = $1 and state = 'dead')::int
          - (select count(*) from returned)::int as "left"`,
    values: [name, limit, service],
  }
}
