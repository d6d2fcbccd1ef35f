import {
  type TransactionCheck,
  transactionHolds,
} from '../../../storage/postgres/queries/check-transaction.ts'
import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import { archive } from '../../../effects/jobs/queries/archive.ts'

/** A job's row as read when BullMQ starts an attempt. */
export interface BegunRow {
  readonly id: string
  readonly input: unknown
  /** The number of attempts that have failed so far. */
  readonly failures: number
  readonly traceparent: string | null
  readonly tenant: string | null
  /** Time since the job was enqueued, in milliseconds. */
  readonly age_ms: number
}

/** Reads jobs that have not ended. */
export function beginJobs(ids: readonly string[]): Statement {
  return {
    name: 'holdfast_begin_jobs',
    text: `
      select id, input, failures, traceparent, tenant,
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

/** Returns the given jobs that have ended. */
export function findOver(ids: readonly string[]): Statement {
  return {
    name: 'holdfast_find_over',
    text: `
      select id, state = 'cancelled' as is_cancelled from holdfast.ended_jobs where id = any($1::uuid[])`,
    values: [ids],
  }
}

/** A failed attempt of a job. */
export interface Failing {
  readonly id: string
  readonly failure: Readonly<Record<string, unknown>> | undefined
  /** Retention of a dead job, in milliseconds; absent if there is another attempt. */
  readonly deadForMs?: number
}

/** Stores a failed attempt of a job that has not ended. Returns the id of the job. */
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

/** A job that has succeeded. */
export interface Finish {
  readonly id: string
  /** Retention of the job, in milliseconds. */
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

/** Archives succeeded jobs. Returns the ids of the jobs that had not ended before. */
export function finishJobs(finishes: readonly Finish[]): Statement {
  return {
    name: 'holdfast_finish_jobs',
    text: `with ${finished} select id from gone`,
    values: valuesOf(finishes),
  }
}

/**
 * Ends a job in the transaction of its effects. The statement fails if the job has already ended.
 * It also fails whenever `checkTransaction` would fail. If two processes run the job at the same
 * time, both lock its row: the second process waits for the first, and is then rolled back.
 */
export function finishFenced(end: Finish, { marker, epoch }: TransactionCheck): Statement {
  return {
    name: 'holdfast_finish_fenced',
    text: `with ${finished} select holdfast.check_fence(exists (select from gone)), ${transactionHolds('$3', '$4')}`,
    values: [...valuesOf([end]), marker, epoch],
  }
}
