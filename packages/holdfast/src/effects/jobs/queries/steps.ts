import {
  type TransactionCheck,
  transactionHolds,
} from '../../../storage/postgres/queries/check-transaction.ts'
import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import type { ClaimOf } from '../claim/claim-of.ts'

/** A stored step. */
export interface StepRow {
  readonly name: string
  /**
   * The result as JSON. `null` if the step returned `undefined`; if the step returned `null`, the
   * result is the text `null`.
   */
  readonly result: string | null
  readonly is_done: boolean
  /** True if the time of a sleep or wait has passed. */
  readonly has_passed: boolean
  /** Remaining time of a sleep or wait, in milliseconds; `null` if a wait has no timeout. */
  readonly rest_ms: number | null
}

/** Reads the steps of a job. */
export function readSteps(job: string): Statement {
  return {
    name: 'holdfast_read_steps',
    text: `
      select name, result::text as result, is_done, coalesce(wakes_at <= now(), false) as has_passed,
        extract(epoch from wakes_at - now())::double precision * 1000 as rest_ms
      from holdfast.job_steps where job_id = $1`,
    values: [job],
  }
}

// The row is locked until the transaction ends. So a process that rescues the job waits for the
// transaction, and then finds the step.
const held = `select id from holdfast.jobs where id = $1 and claim = $2 and state = 'running' for share`

/** The result of a step, and the claim that runs its job. */
export interface StepResult {
  readonly job: ClaimOf
  readonly name: string
  /** The result as JSON. */
  readonly result: string | null
}

/**
 * Stores the result of a step. Fails if this claim no longer holds the job. Also fails whenever
 * `checkTransaction` would fail.
 */
export function storeStep({ job, name, result }: StepResult, { marker, epoch }: TransactionCheck): Statement {
  return {
    name: 'holdfast_store_step',
    text: `
      with held as materialized (${held}), stored as (
        insert into holdfast.job_steps (job_id, name, result, is_done)
        select id, $3, $4::json, true from held
        on conflict (job_id, name) do update set result = excluded.result, is_done = true
        where not job_steps.is_done
      )
      select holdfast.check_fence(exists (select from held)), ${transactionHolds('$5', '$6')}`,
    values: [job.id, job.claim, name, result, marker, epoch],
  }
}

/** Stores the start of a sleep or wait, and the time at which it ends. */
export function beginPause(
  { job, name }: Omit<StepResult, 'result'>,
  delayMs: number | undefined,
): Statement {
  return {
    name: 'holdfast_begin_pause',
    text: `
      with held as materialized (${held}), stored as (
        insert into holdfast.job_steps (job_id, name, wakes_at, is_done)
        select id, $3, now() + make_interval(secs => $4::double precision / 1000), false from held
        on conflict (job_id, name) do nothing
      )
      select holdfast.check_fence(exists (select from held))`,
    values: [job.id, job.claim, name, delayMs ?? null],
  }
}
