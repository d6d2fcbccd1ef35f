import {
  type TransactionCheck,
  transactionHolds,
} from '../../../storage/postgres/queries/check-transaction.ts'
import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import type { ClaimOf } from '../claim/claim-of.ts'
import { archive } from './archive.ts'
import { byClaim } from './claim.ts'

// Statements that end jobs and attempts. A job that ends is moved to the archive (archive.ts). A
// job that continues returns to a waiting state.

/** Retention of dead and cancelled jobs, for inspection and redrive, in milliseconds. */
export const deadRetentionMs: number = 30 * 86_400_000

/** The SQLSTATE of a transaction whose job was cancelled or rescued by another worker. */
export const fenceLost = 'HF001'

/** The stored outcome of an attempt. */
export interface AttemptEnd {
  readonly state: 'succeeded' | 'scheduled' | 'ready' | 'waiting' | 'dead' | 'cancelled'
  /**
   * Delay until a job that continues is due, in milliseconds. Default: no delay, or no due time for
   * a `waiting` job.
   */
  readonly delayMs?: number
  /** True if the attempt counts as failed. */
  readonly isFailure?: boolean
  /** True if the job asked to run later, which does not count as an attempt. */
  readonly isSnooze?: boolean
  /** True if the worker died before the attempt was marked as started. */
  readonly isLostClaim?: boolean
  /** The stored form of the failure. */
  readonly failure?: Readonly<Record<string, unknown>>
  /**
   * True if the job keeps its concurrency slot. A job that succeeds or is cancelled never keeps it.
   */
  readonly keepsSlot?: boolean
  /**
   * Retention of an ended job, in milliseconds. Default {@link deadRetentionMs}, which also applies
   * if the job was cancelled during the attempt.
   */
  readonly retentionMs?: number
}

/** The outcome of {@link endAttempt}. */
export interface EndedRow {
  /** The new state. It differs from the requested state if the job was cancelled. */
  readonly state: string
  /** True if the job has kept its slot. */
  readonly has_slot: boolean
}

/**
 * Ends an attempt if this claim still holds the job; otherwise returns no row. If a job that would
 * continue is cancelled while the statement waits for the job's row, the statement returns no row
 * either. So run it with `storeEnd`, which then repeats it.
 */
export function endAttempt({ id, claim }: ClaimOf, end: AttemptEnd): Statement {
  return {
    ...attemptEnd,
    values: [
      id,
      claim,
      end.state,
      end.delayMs ?? null,
      end.isFailure === true ? 1 : 0,
      end.failure === undefined ? null : JSON.stringify(end.failure),
      end.keepsSlot === true,
      end.retentionMs ?? deadRetentionMs,
      end.isSnooze === true ? 1 : 0,
      end.isLostClaim === true,
    ],
  }
}

/**
 * Returns true if this outcome of the attempt lets the job continue. A cancelled job never
 * continues.
 */
export function continues({ state }: AttemptEnd): boolean {
  return state === 'scheduled' || state === 'ready' || state === 'waiting'
}

const isContinued = `$3 in ('scheduled', 'ready', 'waiting')`
const fence = `id = $1 and claim = $2 and state = 'running'`

const attemptEnd = {
  name: 'holdfast_end_attempt',
  text: `
      with gone as (
        delete from holdfast.jobs where ${fence} and (is_cancelled or not ${isContinued})
        returning jobs.*, case when ${isContinued} then 'cancelled' else $3 end as end_state
      ), ${archive({
        state: 'end_state',
        retentionMs: '$8',
        failures: 'failures + $5::int',
        failure: 'coalesce($6::jsonb, failure)',
        hasSlot: "has_slot and $7 and end_state = 'dead'",
      })}, kept as (
        update holdfast.jobs set
          state = $3,
          run_at = case when $3 = 'waiting' and $4::double precision is null then 'infinity'
            else now() + make_interval(secs => coalesce($4, 0) / 1000) end,
          failures = failures + $5::int,
          snoozes = snoozes + $9::int,
          lost_claims = case when $10 then lost_claims + 1 else 0 end,
          failure = coalesce($6::jsonb, failure),
          has_slot = has_slot and $7,
          rate_reserved = false,
          worker = null,
          started_at = null
        where ${fence} and not is_cancelled and ${isContinued}
        returning has_slot
      )
      select $3 as state, has_slot from kept
      union all
      select end_state, has_slot and $7 and end_state = 'dead' from gone`,
}

// Most jobs end in their first run. The statement for them does not delete waits, since there are
// none.
const fencedSuccess = toFencedSuccess('holdfast_succeed_fenced', false)
const firstFencedSuccess = toFencedSuccess('holdfast_succeed_fenced_first', true)

function toFencedSuccess(name: string, isFirstClaim: boolean): Statement {
  return {
    name,
    text: `
      with gone as (
        delete from holdfast.jobs where ${fence} returning jobs.*
      ), ${archive({ state: "'succeeded'", retentionMs: '$3', isFirstClaim })}
      select holdfast.check_fence(exists (select from gone)), ${transactionHolds('$4', '$5')}`,
  }
}

/**
 * Ends a succeeded job in the transaction of its effects. The statement fails with
 * {@link fenceLost} if this claim no longer holds the job. It also fails whenever
 * `checkTransaction` would fail.
 */
export function succeedFenced(
  { id, claim }: ClaimOf,
  retentionMs: number,
  { marker, epoch }: TransactionCheck,
): Statement {
  const statement = claim === 1 ? firstFencedSuccess : fencedSuccess
  return { ...statement, values: [id, claim, retentionMs, marker, epoch] }
}

/** A job that succeeded without a transaction. */
export interface Completion extends ClaimOf {
  readonly retentionMs: number
}

const completion = toCompletion('holdfast_complete_jobs', false)
const firstCompletion = toCompletion('holdfast_complete_first_jobs', true)

function toCompletion(name: string, isFirstClaim: boolean): Statement {
  return {
    name,
    text: `
      with deleted as (
        delete from holdfast.jobs where ${byClaim} returning jobs.*
      ), gone as materialized (
        select deleted.*, done.retention_ms from deleted
        join unnest($1::uuid[], $3::double precision[]) as done (id, retention_ms) on done.id = deleted.id
      ), ${archive({ state: "'succeeded'", retentionMs: 'retention_ms', isFirstClaim })}
      select id, claim from gone`,
  }
}

/** Completes the jobs that these claims still hold. Returns the claims of these jobs. */
export function completeJobs(completions: readonly Completion[]): Statement {
  const statement = completions.every(({ claim }) => claim === 1) ? firstCompletion : completion
  return {
    ...statement,
    values: [
      completions.map(({ id }) => id),
      completions.map(({ claim }) => claim),
      completions.map(({ retentionMs }) => retentionMs),
    ],
  }
}

/** The outcome of {@link cancelJob} for a job that had not ended. */
export interface CancelledRow {
  readonly service: string
  readonly name: string
  readonly is_running: boolean
  /**
   * The concurrency key of the slot that the caller must release; `null` if the job had no slot, or
   * if its attempt releases the slot.
   */
  readonly freed_key: string | null
}

/**
 * Cancels a job that has not ended. A running job is marked, so that its worker aborts it; any
 * other job ends.
 */
export function cancelJob(id: string): Statement {
  return {
    name: 'holdfast_cancel_job',
    text: `
      with found as materialized (
        select id, service, name, state = 'running' as is_running, limit_key, has_slot
        from holdfast.jobs where id = $1
        for update
      ), gone as (
        delete from holdfast.jobs using found where jobs.id = found.id and not is_running
        returning jobs.*
      ), ${archive({ state: "'cancelled'", retentionMs: `${deadRetentionMs}` })}, marked as (
        update holdfast.jobs set is_cancelled = true from found where jobs.id = found.id and is_running
      )
      select service, name, is_running, case when has_slot and not is_running then limit_key end as freed_key
      from found`,
    values: [id],
  }
}
