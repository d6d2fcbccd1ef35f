import { limitedOrReady, missingPermits } from '../states.ts'

// Jobs that have ended are moved out of the table of active jobs, each by one statement:
//
//   delete from holdfast.jobs … returning jobs.*   ─▶   insert into holdfast.ended_jobs
//
// So a job is always in exactly one of the two tables, and claims do not read ended jobs.

/** The columns copied for an archived job, in the order of {@link archive}. */
const columns = `
          id, service, name, seq, input, priority, run_at, claim, snoozes, unique_key, keeps_key, limit_key, rate_key, share_key,
          progress, traceparent, tenant, enqueued_at, claimed_at`

/** SQL expressions over the deleted row. */
export interface Archived {
  /** `'succeeded'`, `'dead'` or `'cancelled'`. */
  readonly state: string
  /** Retention of the job, in milliseconds. */
  readonly retentionMs: string
  /** Number of failed attempts. Default: unchanged. */
  readonly failures?: string
  /** The last failure. Default: unchanged. */
  readonly failure?: string
  /** True if the job keeps its concurrency slot. Default: `false`. */
  readonly hasSlot?: string
  /**
   * True if every row in `gone` was claimed only once: such a job cannot have waited yet. Default
   * false.
   */
  readonly isFirstClaim?: boolean
}

/**
 * Returns common table expressions: the first archives the deleted rows in `gone`, the second
 * deletes the waits of these jobs for messages. `gone` must have all columns of `holdfast.jobs`.
 */
export function archive({
  state,
  retentionMs,
  failures = 'failures',
  failure = 'failure',
  hasSlot = 'false',
  isFirstClaim = false,
}: Archived): string {
  return `archived as (
        insert into holdfast.ended_jobs (${columns}, state, is_cancelled, failures, failure, has_slot, expires_at)
        select ${columns}, ${state}, is_cancelled or ${state} = 'cancelled', ${failures}, ${failure}, ${hasSlot},
          now() + make_interval(secs => ${retentionMs}::double precision / 1000)
        from gone
      )${
        isFirstClaim
          ? ''
          : `, unawaited as (
        delete from holdfast.job_waits where job_id = any (array(select id from gone where claim <> 1))
      )`
      }`
}

/**
 * Returns common table expressions that move the ended jobs with the ids in `chosen` back to the
 * active jobs. These jobs are due now, and get the values in `set`.
 */
export function unarchive(set: Readonly<Record<'failures' | 'snoozes', string>>): string {
  // The attempt has used up the job's turn, which the rate limit gave it, so the job needs a new
  // turn.
  const missing = { ...missingPermits, turn: 'rate_key is not null' }
  return `gone as materialized (
        delete from holdfast.ended_jobs as ended using chosen where ended.id = chosen.id
        returning ended.*
      ), returned as (
        insert into holdfast.jobs (
          id, service, name, input, priority, claim, unique_key, keeps_key, holds_key, limit_key, has_slot, rate_key,
          share_key, progress, failure, traceparent, tenant, enqueued_at, claimed_at, state, failures, snoozes
        )
        select
          id, service, name, input, priority, claim, unique_key, keeps_key, keeps_key, limit_key, has_slot, rate_key,
          share_key, progress, failure, traceparent, tenant, enqueued_at, claimed_at, case ${limitedOrReady(missing)} end,
          ${set.failures}, ${set.snoozes}
        from (select * from gone order by seq) as ordered
        returning id, name, seq, state
      )`
}
