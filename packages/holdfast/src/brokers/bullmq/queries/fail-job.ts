import { archive } from '../../../effects/jobs/queries/archive.ts'
import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/** A failed attempt of a job. */
export interface Failing {
  readonly id: string
  readonly failure: Readonly<Record<string, unknown>> | undefined
  /** How long a dead job is kept, in milliseconds; absent if there is another attempt. */
  readonly deadForMs?: number
}

/** Stores a failed attempt of a job that has not ended. Returns its id. */
export function failJob({ id, failure, deadForMs }: Failing): Statement {
  const stored = failure === undefined ? null : JSON.stringify(failure)
  if (deadForMs === undefined) {
    return {
      name: 'holdfast_fail_job',
      text: 'update holdfast.jobs set failures = failures + 1, failure = $2::jsonb where id = $1 returning id',
      values: [id, stored],
    }
  }
  const archived = archive({
    state: "'dead'",
    retentionMs: '$3',
    failures: 'failures + 1',
    failure: '$2::jsonb',
  })
  return {
    name: 'holdfast_kill_job',
    text: `
      with gone as (delete from holdfast.jobs where id = $1 returning *), ${archived}
      select id from gone`,
    values: [id, stored, deadForMs],
  }
}
