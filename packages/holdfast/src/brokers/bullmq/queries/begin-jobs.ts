import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/** A job's row as it is read when BullMQ starts an attempt. */
export interface BegunRow {
  readonly id: string
  readonly input: unknown
  /** The number of attempts that have failed so far. */
  readonly failures: number
  readonly traceparent: string | null
  /** Time since the job was enqueued, in milliseconds. */
  readonly age_ms: number
}

/** Reads jobs that have not ended. */
export function beginJobs(ids: readonly string[]): Statement {
  return {
    name: 'holdfast_begin_jobs',
    text: `
      select id, input, failures, traceparent,
        extract(epoch from now() - enqueued_at)::double precision * 1000 as age_ms
      from holdfast.jobs where id = any($1::uuid[])`,
    values: [ids],
  }
}

/** A job that has ended. */
export interface OverRow {
  readonly id: string
  readonly is_cancelled: boolean
}

/** Returns those of the given jobs that have ended. */
export function findOver(ids: readonly string[]): Statement {
  return {
    name: 'holdfast_find_over',
    text: `
      select id, state = 'cancelled' as is_cancelled from holdfast.ended_jobs where id = any($1::uuid[])`,
    values: [ids],
  }
}
