import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import { limitedOrReady, missingPermits } from '../states.ts'

/** Max number of jobs that {@link promoteDue} promotes in one statement. */
export const promotionBatch = 1_000

/** The outcome of {@link promoteDue}. */
export interface PromotionRow {
  readonly promoted: number
  /** Time until the next job is due, in milliseconds; `null` if no job is scheduled. */
  readonly next_ms: number | null
  /** The names of the jobs that are ready now. */
  readonly ready: readonly string[]
  /**
   * The names of jobs waiting for admission: of jobs that were just promoted, and those of the
   * given names that already had such jobs.
   */
  readonly limited: readonly string[]
}

/**
 * Promotes the due jobs of a service, in the order of their due times. Also checks which of the
 * given names have jobs that wait for admission.
 */
export function promoteDue(service: string, names: readonly string[]): Statement {
  return {
    name: 'holdfast_promote_due',
    text: `
      with due as materialized (
        select id from holdfast.jobs
        where service = $2 and state in ('scheduled', 'waiting') and run_at <= now()
        order by run_at
        limit ${promotionBatch}
        for no key update skip locked
      ), numbered as materialized (
        select id, nextval('holdfast.job_order') as ready_seq from due
      ), promoted as (
        update holdfast.jobs set
          state = case ${limitedOrReady(missingPermits)} end,
          seq = ready_seq
        from numbered where jobs.id = numbered.id and jobs.id = any (array(select id from due))
        returning name, state
      )
      select
        (select count(*)::int from promoted) as promoted,
        (
          select extract(epoch from min(run_at) - now())::double precision * 1000 from holdfast.jobs
          where service = $2 and state in ('scheduled', 'waiting') and run_at > now() and run_at < 'infinity'
        ) as next_ms,
        array(select distinct name from promoted where state = 'ready') as ready,
        array(
          select name from promoted where state = 'limited'
          union
          select wanted.name from unnest($1::text[]) as wanted (name)
          where exists (
            select from holdfast.jobs where jobs.service = $2 and jobs.name = wanted.name and state = 'limited'
          )
        ) as limited`,
    values: [names, service],
  }
}
