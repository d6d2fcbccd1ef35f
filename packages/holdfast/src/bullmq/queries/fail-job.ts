import type { Statement } from '../../postgres/statement.ts'

/** What a failed try leaves in the row of its job. */
export interface Failing {
  readonly id: string
  readonly failure: Readonly<Record<string, unknown>> | undefined
  /** How long it is kept, in milliseconds, where it is dead; absent: it is tried again. */
  readonly deadForMs?: number
}

/** Notes a failed try, where the job has not ended; gives its id then. */
export function failJob({ id, failure, deadForMs }: Failing): Statement {
  return {
    name: 'holdfast_fail_job',
    text: `
      update holdfast.jobs set
        failures = failures + 1,
        failure = $2::jsonb,
        state = case when $3::double precision is null then state else 'dead' end,
        finished_at = case when $3 is not null then now() end,
        expires_at = now() + make_interval(secs => $3 / 1000)
      where id = $1 and finished_at is null
      returning id`,
    values: [id, failure === undefined ? null : JSON.stringify(failure), deadForMs ?? null],
  }
}
