import type { Statement } from '../../../postgres/statement.ts'
import { putBack } from './put-back.ts'

/** What {@link redriveDead} did. */
export interface RedrivenRow {
  readonly ids: readonly string[]
  /** How many of the name are still dead. */
  readonly left: number
}

/**
 * Has dead jobs of a name begin anew, the oldest first. Of those with the same unique key it is the last one, and none where another has
 * not ended.
 */
export function redriveDead(name: string, limit: number): Statement {
  return {
    text: `
      with candidates as (
        select distinct on (unique_key, case when unique_key is null then id end) id
        from holdfast.jobs as dead
        where name = $1 and state = 'dead' and not exists (
          select from holdfast.jobs as other
          where other.name = dead.name and other.unique_key = dead.unique_key and other.finished_at is null
        )
        order by unique_key, case when unique_key is null then id end, seq desc
      ), chosen as materialized (
        select id from holdfast.jobs
        where id in (select id from candidates) and state = 'dead'
        order by seq
        limit $2
        for update skip locked
      ), redriven as (
        update holdfast.jobs set failures = 0, snoozes = 0, ${putBack}
        from chosen where jobs.id = chosen.id
        returning jobs.id, jobs.seq
      )
      select
        array(select id from redriven order by seq) as ids,
        (select count(*) from holdfast.jobs where name = $1 and state = 'dead')::int
          - (select count(*) from redriven)::int as "left"`,
    values: [name, limit],
  }
}
