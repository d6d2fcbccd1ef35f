import type { Statement } from '../../postgres/statement.ts'

/** A job that has succeeded, and how long it is kept. */
export interface Finish {
  readonly id: string
  readonly retentionMs: number
}

const finish = `
        update holdfast.jobs set
          state = 'succeeded', finished_at = now(),
          expires_at = now() + make_interval(secs => done.retention_ms / 1000)
        from unnest($1::uuid[], $2::double precision[]) as done (id, retention_ms)
        where jobs.id = done.id and jobs.finished_at is null
        returning jobs.id`

const valuesOf = (finishes: readonly Finish[]): readonly unknown[] => [
  finishes.map(({ id }) => id),
  finishes.map(({ retentionMs }) => retentionMs),
]

/** Ends jobs that have not ended, and gives their ids. */
export function finishJobs(finishes: readonly Finish[]): Statement {
  return { name: 'holdfast_finish_jobs', text: finish, values: valuesOf(finishes) }
}

/**
 * Ends a job in the transaction of its effects, which fails where the job has ended before. Two that run it at once meet at its row: the second
 * waits for the first, and is rolled back.
 */
export function finishFenced(end: Finish): Statement {
  return {
    name: 'holdfast_finish_fenced',
    text: `
      with done as (${finish}
      )
      select holdfast.check_fence(exists (select from done))`,
    values: valuesOf([end]),
  }
}
