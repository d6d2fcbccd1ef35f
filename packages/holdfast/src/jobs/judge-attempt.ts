import { inspect } from 'node:util'
import { GiveUp } from '../kernel/give-up.ts'
import { HoldfastError } from '../kernel/holdfast-error.ts'
import type { Job } from '../kernel/job.ts'
import { mostAttempts, retryDelayMs } from '../kernel/retry-delay.ts'
import { maxSnoozes, RetryLater } from '../kernel/retry-later.ts'
import { isUnavailable, isWorthRerunning, sqlStateOf } from '../postgres/sql-state.ts'
import { jobCancelled, jobLost, jobNotBegun, leaseOver, workerStopping } from './job-over.ts'
import type { ClaimedRow } from './queries/claim-jobs.ts'
import { type AttemptEnd, deadRetentionMs, fenceLost } from './queries/end-attempt.ts'

const longestText = 2_000
// A year: Postgres has no time for what comes after the end of its calendar.
const longestLaterMs = 365 * 86_400_000
const firstRerunMs = 50
const longestRerunMs = 60_000

/** Decides how an attempt that has thrown ends; returns `undefined` if the job is no longer this worker's. */
export function judgeFailure(
  error: unknown,
  { job, row, abortReason }: { readonly job: Job; readonly row: ClaimedRow; readonly abortReason: unknown },
): AttemptEnd | undefined {
  if (error === jobLost || abortReason === jobLost || sqlStateOf(error) === fenceLost) return undefined
  if (abortReason === workerStopping) return { state: 'ready', keepsPlace: true }
  if (abortReason === jobCancelled) return { state: 'cancelled', retentionMs: deadRetentionMs }
  // A failure that has nothing to do with the job costs no attempt.
  if (error === leaseOver || error === jobNotBegun || isUnavailable(error) || isWorthRerunning(error)) {
    const reruns = row.claim - row.failures
    return {
      state: 'scheduled',
      delayMs: Math.random() * Math.min(longestRerunMs, firstRerunMs * 2 ** Math.min(reruns, 20)),
      keepsPlace: job.concurrency?.ordered === true,
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
      keepsPlace: job.concurrency?.ordered === true,
    }
  }
  const failures = row.failures + 1
  const isHopeless = error instanceof GiveUp || isInvalidInput(error)
  if (isHopeless || failures >= mostAttempts(job.retry)) {
    const keepsPlace = job.concurrency?.onDead === 'wait'
    return { state: 'dead', isFailure: true, failure, keepsPlace, retentionMs: deadRetentionMs }
  }
  return {
    state: 'scheduled',
    isFailure: true,
    failure,
    delayMs: snoozeMs ?? retryDelayMs(job.retry, failures),
    keepsPlace: job.concurrency?.ordered === true,
  }
}

function isInvalidInput(error: unknown): boolean {
  return error instanceof HoldfastError && error.code === 'job-input-outdated'
}

/** Returns whether a failure is none of the job's: it asks to run later, and has not done so too often. */
function isSnooze(error: unknown, { snoozes }: ClaimedRow): boolean {
  return error instanceof RetryLater && !error.countsAsAttempt && snoozes < maxSnoozes
}

/** When a job asks to be tried again, from now on; `undefined` where it does not, or for a time that is none. */
function laterMs(error: unknown): number | undefined {
  if (!(error instanceof RetryLater) || !Number.isFinite(error.delayMs)) return undefined
  return Math.min(longestLaterMs, Math.max(0, error.delayMs))
}

/** What a handler throws may be anything: what is said of it is text that can be stored, or the job could not be ended. */
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

/** A text that Postgres takes: it has no place for a NUL, nor for half a character. */
function toText(value: unknown): string {
  const text = typeof value === 'string' ? value : inspect(value)
  return text.slice(0, longestText).toWellFormed().replaceAll('\0', '\uFFFD')
}
