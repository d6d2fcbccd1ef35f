import type { Statement } from '../../postgres/statement.ts'

/** How many jobs {@link promoteDue} promotes at once. */
export const promotionBatch = 1_000

/** What {@link promoteDue} did. */
export interface PromotionRow {
  readonly promoted: number
  /** How long it is until the next one is due, in milliseconds; null where none is waiting for its time. */
  readonly next_ms: number | null
}

/** Lets those go on whose time has come. */
export function promoteDue(): Statement {
  return {
    name: 'holdfast_promote_due',
    text: `
      with due as materialized (
        select id from holdfast.jobs
        where state in ('scheduled', 'waiting') and run_at <= now()
        order by run_at
        limit ${promotionBatch}
        for update skip locked
      ), promoted as (
        update holdfast.jobs set
          state = case
            when (limit_key is not null and not has_place) or (rate_key is not null and not has_turn) then 'gated'
            else 'ready'
          end
        from due where jobs.id = due.id
        returning 1
      )
      select
        (select count(*)::int from promoted) as promoted,
        (
          select extract(epoch from min(run_at) - now())::double precision * 1000 from holdfast.jobs
          where state in ('scheduled', 'waiting') and run_at > now() and run_at < 'infinity'
        ) as next_ms`,
    values: [],
  }
}
