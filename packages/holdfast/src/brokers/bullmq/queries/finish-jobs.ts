import { archive } from '../../../effects/jobs/queries/archive.ts'
import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/** A job that has succeeded. */
export interface Finish {
  readonly id: string
  /** How long the job is kept, in milliseconds. */
  readonly retentionMs: number
}

const finished = `deleted as (
        delete from holdfast.jobs where id = any (array(select unnest($1::uuid[]))) returning *
      ), gone as materialized (
        select deleted.*, done.retention_ms from deleted
        join unnest($1::uuid[], $2::double precision[]) as done (id, retention_ms) on done.id = deleted.id
      ), ${archive({ state: "'succeeded'", retentionMs: 'retention_ms' })}`

const valuesOf = (finishes: readonly Finish[]): readonly unknown[] => [
  finishes.map(({ id }) => id),
  finishes.map(({ retentionMs }) => retentionMs),
]

/** Ends jobs as succeeded. Returns the ids of those that had not ended before. */
export function finishJobs(finishes: readonly Finish[]): Statement {
  return {
    name: 'holdfast_finish_jobs',
    text: `with ${finished} select id from gone`,
    values: valuesOf(finishes),
  }
}

/**
 * Ends a job in the transaction of its effects; the statement fails if the job has already ended.
 * If two processes run the job at once, both lock its row: the second waits for the first and is
 * rolled back.
 */
export function finishFenced(end: Finish): Statement {
  return {
    name: 'holdfast_finish_fenced',
    text: `with ${finished} select holdfast.check_fence(exists (select from gone))`,
    values: valuesOf([end]),
  }
}
