import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import { archive } from './archive.ts'
import { deadRetentionMs } from './end-attempt.ts'

/** The outcome of {@link cancelJob} for a job that had not ended. */
export interface CancelledRow {
  readonly service: string
  readonly name: string
  readonly is_running: boolean
  /**
   * The concurrency key of a slot for the caller to release; `null` if the job had no slot, or its
   * attempt releases it.
   */
  readonly freed_key: string | null
}

/**
 * Cancels a job that has not ended. A running job is marked, for its worker to abort it; any other
 * ends.
 */
export function cancelJob(id: string): Statement {
  return {
    name: 'holdfast_cancel_job',
    text: `
      with found as materialized (
        select id, service, name, state = 'running' as is_running, limit_key, has_slot
        from holdfast.jobs where id = $1
        for update
      ), gone as (
        delete from holdfast.jobs using found where jobs.id = found.id and not is_running
        returning jobs.*
      ), ${archive({ state: "'cancelled'", retentionMs: `${deadRetentionMs}` })}, marked as (
        update holdfast.jobs set is_cancelled = true from found where jobs.id = found.id and is_running
      )
      select service, name, is_running, case when has_slot and not is_running then limit_key end as freed_key
      from found`,
    values: [id],
  }
}
