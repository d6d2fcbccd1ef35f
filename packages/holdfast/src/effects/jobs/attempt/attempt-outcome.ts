import { inspect } from 'node:util'
import { GiveUp } from '../../../kernel/background/give-up.ts'
import { fullJitterMs } from '../../../kernel/base/backoff.ts'
import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import type { Job } from '../../../kernel/background/job.ts'
import { maxAttempts, retryDelayMs } from '../../../kernel/background/retry-delay.ts'
import { maxSnoozes, RetryLater } from '../../../kernel/background/retry-later.ts'
import { isUnavailable, isRetryable, sqlStateOf } from '../../../storage/postgres/errors/sql-state.ts'
import { jobCancelled, jobLost, jobNotBegun, leaseOver, workerStopping } from './abort-reasons.ts'
import type { ClaimedRow } from '../queries/claim.ts'
import { type AttemptEnd, deadRetentionMs, fenceLost } from '../queries/finish.ts'

/** The outcome of an attempt. */
export type AttemptOutcome =
  | 'succeeded'
  | 'failed'
  | 'dead'
  | 'cancelled'
  | 'suspended'
  | 'snoozed'
  | 'released'
  | 'lost'

const maxTextLength = 2_000
// A year. Postgres rejects times beyond the end of its calendar.
const maxLaterMs = 365 * 86_400_000
const unrelatedRetries = { firstMs: 100, maxMs: 60_000 }

/**
 * Returns the outcome of an attempt whose handler threw; `undefined` if this worker no longer holds
 * the job.
 */
export function resolveFailure(
  error: unknown,
  { job, row, abortReason }: { readonly job: Job; readonly row: ClaimedRow; readonly abortReason: unknown },
): AttemptEnd | undefined {
  if (error === jobLost || abortReason === jobLost || sqlStateOf(error) === fenceLost) return undefined
  if (abortReason === workerStopping) return { state: 'ready', keepsSlot: true }
  if (abortReason === jobCancelled) return { state: 'cancelled', retentionMs: deadRetentionMs }
  // Failures unrelated to the job (a database outage, a deadlock, a shutdown) do not count as
  // attempts.
  if (error === leaseOver || error === jobNotBegun || isUnavailable(error) || isRetryable(error)) {
    return {
      state: 'scheduled',
      delayMs: fullJitterMs(unrelatedRetries, row.claim - row.failures),
      keepsSlot: job.concurrency?.ordered === true,
    }
  }
  const failure = describeFailure(error, row)
  const snoozeMs = laterMs(error)
  if (snoozeMs !== undefined && isSnooze(error, row)) {
    return {
      state: 'scheduled',
      isSnooze: true,
      failure,
      delayMs: snoozeMs,
      keepsSlot: job.concurrency?.ordered === true,
    }
  }
  const failures = row.failures + 1
  const isHopeless = error instanceof GiveUp || isInvalidInput(error)
  if (isHopeless || failures >= maxAttempts(job.retry)) {
    const keepsSlot = job.concurrency?.onDead === 'wait'
    return { state: 'dead', isFailure: true, failure, keepsSlot, retentionMs: deadRetentionMs }
  }
  return {
    state: 'scheduled',
    isFailure: true,
    failure,
    delayMs: snoozeMs ?? retryDelayMs(job.retry, failures),
    keepsSlot: job.concurrency?.ordered === true,
  }
}

function isInvalidInput(error: unknown): boolean {
  return error instanceof HoldfastError && error.code === 'job-input-outdated'
}

/**
 * Returns whether a failure is a snooze: the job asked to run later without using an attempt, and
 * has not snoozed too often.
 */
function isSnooze(error: unknown, { snoozes }: ClaimedRow): boolean {
  return error instanceof RetryLater && !error.countsAsAttempt && snoozes < maxSnoozes
}

/**
 * Returns the delay that a job requested, in milliseconds; `undefined` if the job requested no
 * delay, or an invalid delay.
 */
function laterMs(error: unknown): number | undefined {
  if (!(error instanceof RetryLater) || !Number.isFinite(error.delayMs)) return undefined
  return Math.min(maxLaterMs, Math.max(0, error.delayMs))
}

/**
 * Describes a failure in a form that Postgres can store. Otherwise the job could not be ended,
 * because a handler may throw any value.
 */
function describeFailure(error: unknown, row: ClaimedRow): Readonly<Record<string, unknown>> {
  const at = { attempt: row.failures + 1, at: new Date().toISOString() }
  if (!(error instanceof Error)) return { ...at, name: 'thrown', message: toText(error) }
  const code = (error as { readonly code?: unknown }).code
  return {
    ...at,
    name: toText(error.name),
    ...(typeof code === 'string' ? { code: toText(code) } : {}),
    message: toText(error.message),
  }
}

/** Returns text that Postgres can store: without NUL and unpaired surrogates. */
function toText(value: unknown): string {
  const text = typeof value === 'string' ? value : inspect(value)
  return text.slice(0, maxTextLength).toWellFormed().replaceAll('\0', '\uFFFD')
}
