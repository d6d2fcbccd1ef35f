import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import type { ClaimOf } from '../claim/claim-of.ts'
import { archive } from './archive.ts'
import { byClaim } from './by-claim.ts'

/** A job that succeeded without a transaction. */
export interface Completion extends ClaimOf {
  readonly retentionMs: number
}

/** Completes the jobs that these claims still hold, and returns their claims. */
export function completeJobs(completions: readonly Completion[]): Statement {
  return {
    name: 'holdfast_complete_jobs',
    text: `
      with deleted as (
        delete from holdfast.jobs where ${byClaim} returning jobs.*
      ), gone as materialized (
        select deleted.*, done.retention_ms from deleted
        join unnest($1::uuid[], $3::double precision[]) as done (id, retention_ms) on done.id = deleted.id
      ), ${archive({ state: "'succeeded'", retentionMs: 'retention_ms' })}
      select id, claim from gone`,
    values: [
      completions.map(({ id }) => id),
      completions.map(({ claim }) => claim),
      completions.map(({ retentionMs }) => retentionMs),
    ],
  }
}
