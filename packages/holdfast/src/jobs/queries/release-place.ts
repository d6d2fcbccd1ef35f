import type { Statement } from '../../postgres/statement.ts'

/**
 * Gives the place of a job that has let go of it to the next one of its concurrency key, or back. The lock comes first, and by itself: what is
 * parked behind it is only then known for good.
 */
export function releasePlace(name: string, limitKey: string): readonly Statement[] {
  return [
    {
      name: 'holdfast_lock_limit',
      text: `
        select 1 from holdfast.job_limits
        where name = $1 and kind = 'concurrency' and key = $2
        for update`,
      values: [name, limitKey],
    },
    {
      name: 'holdfast_pass_place_on',
      text: `
        with next as (
          select id from holdfast.jobs
          where name = $1 and limit_key = $2 and state = 'parked'
          order by priority desc, seq
          limit 1
          for update
        ), promoted as (
          update holdfast.jobs set state = 'ready', has_place = true
          from next where jobs.id = next.id
          returning 1
        )
        update holdfast.job_limits set places = greatest(places - 1, 0)
        where name = $1 and kind = 'concurrency' and key = $2 and not exists (select from promoted)`,
      values: [name, limitKey],
    },
  ]
}
