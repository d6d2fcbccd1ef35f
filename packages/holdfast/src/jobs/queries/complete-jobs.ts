import type { Statement } from '../../postgres/statement.ts'
import type { ClaimOf } from '../claim-of.ts'
import { archive } from './archive.ts'

/** A job that has succeeded without a transaction of its own. */
export interface Completion extends ClaimOf {
  readonly retentionMs: number
}

/** Completes many jobs, those of them that are still their claims', and returns their claims. */
export function completeJobs(completions: readonly Completion[]): Statement {
  return {
    name: 'holdfast_complete_jobs',
    text: `
      with gone as (
        delete from holdfast.jobs
        using unnest($1::uuid[], $2::int[], $3::double precision[]) as done (id, claim, retention_ms)
        where jobs.id = done.id and jobs.claim = done.claim and jobs.state = 'running'
        returning jobs.*, done.retention_ms
      ), ${archive({ state: "'succeeded'", retentionMs: 'retention_ms' })}
      select id, claim from gone`,
    values: [
      completions.map(({ id }) => id),
      completions.map(({ claim }) => claim),
      completions.map(({ retentionMs }) => retentionMs),
    ],
  }
}
