import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/** A slot of a concurrency key. */
export interface Slot {
  readonly service: string
  readonly name: string
  readonly key: string
}

/**
 * Passes a slot on to the next job that is blocked behind its concurrency key, or frees it. The
 * lock
 * is taken in a separate statement first, so that the second one sees all jobs blocked before.
 */
export function releaseSlot({ service, name, key }: Slot): readonly Statement[] {
  return [
    {
      name: 'holdfast_lock_limit',
      text: `
        select 1 from holdfast.job_limits
        where service = $3 and name = $1 and kind = 'concurrency' and key = $2
        for update`,
      values: [name, key, service],
    },
    {
      name: 'holdfast_pass_slot_on',
      text: `
        with next as (
          select id from holdfast.jobs
          where service = $3 and name = $1 and limit_key = $2 and state = 'blocked'
          order by priority desc, seq
          limit 1
          for no key update
        ), promoted as (
          update holdfast.jobs set state = 'ready', has_slot = true, seq = default
          from next where jobs.id = next.id
          returning 1
        )
        update holdfast.job_limits set slots = greatest(slots - 1, 0)
        where service = $3 and name = $1 and kind = 'concurrency' and key = $2 and not exists (select from promoted)`,
      values: [name, key, service],
    },
  ]
}
