import type { Statement } from '../../postgres/statement.ts'

/** What {@link cancelJob} finds of a job that had not ended. */
export interface CancelledRow {
  readonly name: string
  readonly is_running: boolean
  /** The concurrency key of a place that it has to give up; null where it has none, or gives it up itself. */
  readonly freed_key: string | null
}

// How long a job that did not come to its end is kept, to be looked at.
const keptFor = '30 days'

/** Cancels a job that has not ended: one that runs is told to end, any other ends. */
export function cancelJob(id: string): Statement {
  return {
    name: 'holdfast_cancel_job',
    text: `
      with found as (
        select id, name, state = 'running' as is_running, limit_key, has_place
        from holdfast.jobs where id = $1 and finished_at is null
        for update
      ), waits as (
        delete from holdfast.job_waits where job_id in (select id from found where not is_running)
      )
      update holdfast.jobs set
        is_cancelled = true,
        state = case when found.is_running then jobs.state else 'cancelled' end,
        has_place = jobs.has_place and found.is_running,
        finished_at = case when not found.is_running then now() end,
        expires_at = case when not found.is_running then now() + interval '${keptFor}' end
      from found where jobs.id = found.id
      returning found.name, found.is_running,
        case when found.has_place and not found.is_running then found.limit_key end as freed_key`,
    values: [id],
  }
}
