import type { Statement } from '../../../../storage/postgres/statement/statement.ts'
import { unarchive } from '../../queries/archive.ts'
import { type JobState, limitedOrReady, missingPermits } from '../../states.ts'

/** The outcome of {@link retryJobNow}. */
export interface RetriedRow {
  readonly service: string
  readonly name: string
  /** The state before the call. */
  readonly state: string
  /** The state after the call; `null` if nothing changed. */
  readonly new_state: JobState | null
}

/**
 * Makes a dead or scheduled job due now. A job scheduled by its rate limit keeps its turn and is
 * not changed.
 */
export function retryJobNow(id: string): Statement {
  return {
    text: `
      with waiting as materialized (
        select id, service, name, state, state = 'scheduled' and not rate_reserved as is_due
        from holdfast.jobs where id = $1 for update
      ), ended as materialized (
        select id, service, name, state from holdfast.ended_jobs where id = $1 for update
      ), chosen as (
        select id from ended where state = 'dead'
      ), ${unarchive({ failures: 'failures', snoozes: 'snoozes' })}, hurried as (
        update holdfast.jobs set state = case ${limitedOrReady(missingPermits)} end, run_at = now(), seq = default
        from waiting where jobs.id = waiting.id and is_due
        returning jobs.state
      )
      select service, name, state, coalesce((select state from hurried), (select state from returned)) as new_state
      from (
        select service, name, state from waiting
        union all
        select service, name, state from ended
      ) as found`,
    values: [id],
  }
}
