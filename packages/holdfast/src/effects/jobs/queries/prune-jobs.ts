import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import { deleteSubjectsOf } from '../../subjects/queries/delete-subjects.ts'

/** Selects a batch of expired jobs. */
export interface PruneBatch {
  readonly service: string
  /**
   * The expiry of the last pruned job. A scan from there skips the dead index entries of earlier
   * batches.
   */
  readonly after: Date | undefined
  readonly limit: number
}

/** The outcome of {@link pruneJobs}. */
export interface PrunedRow {
  readonly count: number
  /** The expiry of the last deleted job; `null` if no job was deleted. */
  readonly last: Date | null
  /** The concurrency slots of deleted dead jobs. The caller must release them. */
  readonly slots: readonly { readonly name: string; readonly key: string }[]
}

/**
 * Deletes a batch of a service's expired jobs, with their steps. Skips jobs that another process is
 * deleting.
 */
export function pruneJobs({ service, after, limit }: PruneBatch): Statement {
  return {
    name: 'holdfast_prune_jobs',
    text: `
      with due as materialized (
        select id, expires_at from holdfast.ended_jobs
        where service = $1 and expires_at >= $2 and expires_at < now()
        order by expires_at
        limit $3
        for update skip locked
      ), gone as (
        delete from holdfast.ended_jobs using due where ended_jobs.id = due.id
        returning ended_jobs.id, ended_jobs.expires_at, ended_jobs.name, ended_jobs.limit_key, ended_jobs.has_slot
      ), steps as (
        delete from holdfast.job_steps where job_id in (select id from gone)
      ), subjects as (
        ${deleteSubjectsOf('job', 'select id from gone')}
      )
      select count(*)::int as count, max(expires_at) as last,
        coalesce(
          json_agg(json_build_object('name', name, 'key', limit_key) order by name, limit_key) filter (where has_slot), '[]'
        ) as slots
      from gone`,
    values: [service, after ?? '-infinity', limit],
  }
}
