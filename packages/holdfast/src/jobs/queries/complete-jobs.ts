import type { Statement } from '../../postgres/statement.ts'

/** A job that has succeeded without a transaction of its own. */
export interface Completion {
  readonly id: string
  readonly attempt: number
  readonly retentionMs: number
}

/** Completes many jobs, those of them that are still their attempts' own, and gives their ids. */
export function completeJobs(completions: readonly Completion[]): Statement {
  return {
    name: 'holdfast_complete_jobs',
    text: `
      update holdfast.jobs set
        state = 'succeeded', worker = null, finished_at = now(),
        expires_at = now() + make_interval(secs => done.retention_ms / 1000)
      from unnest($1::uuid[], $2::int[], $3::double precision[]) as done (id, attempt, retention_ms)
      where jobs.id = done.id and jobs.attempt = done.attempt and jobs.state = 'running'
      returning jobs.id`,
    values: [
      completions.map(({ id }) => id),
      completions.map(({ attempt }) => attempt),
      completions.map(({ retentionMs }) => retentionMs),
    ],
  }
}
