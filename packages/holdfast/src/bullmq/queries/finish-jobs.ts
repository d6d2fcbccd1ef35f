import { archive } from '../../jobs/queries/archive.ts'
import type { Statement } from '../../postgres/statement.ts'

/** A job that has succeeded. */
export interface Finish {
  readonly id: string
  /** How long it is kept, in milliseconds. */
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

/** Ends jobs that have not ended, and returns their ids. */
export function finishJobs(finishes: readonly Finish[]): Statement {
  return {
    name: 'holdfast_finish_jobs',
    text: `with ${finished} select id from gone`,
    values: valuesOf(finishes),
  }
}

/**
 * Ends a job in the transaction of its effects, which fails if the job has ended before. Two that run it at once meet at
 * its row: the second waits for the first, and is rolled back.
 */
export function finishFenced(end: Finish): Statement {
  return {
    name: 'holdfast_finish_fenced',
    text: `with ${finished} select holdfast.check_fence(exists (select from gone))`,
    values: valuesOf([end]),
  }
}
