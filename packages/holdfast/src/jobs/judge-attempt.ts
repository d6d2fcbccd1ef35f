import { toMilliseconds } from '../kernel/duration.ts'
import { GiveUp } from '../kernel/give-up.ts'
import { HoldfastError } from '../kernel/holdfast-error.ts'
import type { Job } from '../kernel/job.ts'
import { mostAttempts, retryDelayMs } from '../kernel/retry-delay.ts'
import { RetryLater } from '../kernel/retry-later.ts'
import { isUnavailable, isWorthRerunning, sqlStateOf } from '../postgres/sql-state.ts'
import { jobCancelled, jobLost, workerStopping } from './job-over.ts'
import type { ClaimedRow } from './queries/claim-jobs.ts'
import { type AttemptEnd, fenceLost } from './queries/end-attempt.ts'

/** How long a job that did not come to its end is kept, in milliseconds, to be looked at and redriven. */
export const deadRetentionMs: number = 30 * 86_400_000

const longestText = 2_000
const firstRerunMs = 50
const longestRerunMs = 60_000

/** What becomes of a job whose attempt has thrown; `undefined` where that is no longer for this worker to say. */
export function judgeFailure(
  error: unknown,
  { job, row, abortReason }: { readonly job: Job; readonly row: ClaimedRow; readonly abortReason: unknown },
): AttemptEnd | undefined {
  if (error === jobLost || abortReason === jobLost || sqlStateOf(error) === fenceLost) return undefined
  if (abortReason === workerStopping) return { state: 'ready', keepsPlace: true }
  if (abortReason === jobCancelled) return { state: 'cancelled', retentionMs: deadRetentionMs }
  // What has nothing to do with the job is no try of it.
  if (isUnavailable(error) || isWorthRerunning(error)) {
    const reruns = row.attempt - row.failures
    return {
      state: 'scheduled',
      delayMs: Math.random() * Math.min(longestRerunMs, firstRerunMs * 2 ** Math.min(reruns, 20)),
      keepsPlace: job.concurrency?.ordered === true,
    }
  }
  const failure = describeFailure(error, row)
  const failures = row.failures + 1
  const isHopeless = error instanceof GiveUp || isInvalidInput(error)
  if (isHopeless || failures >= mostAttempts(job.retry)) {
    return { state: 'dead', isFailure: true, failure, retentionMs: deadRetentionMs }
  }
  return {
    state: 'scheduled',
    isFailure: true,
    failure,
    delayMs: error instanceof RetryLater ? error.delayMs : retryDelayMs(job.retry, failures),
    keepsPlace: job.concurrency?.ordered === true,
  }
}

/** How a job ends that has done its work. */
export function successOf(job: Job): AttemptEnd & { readonly retentionMs: number } {
  return { state: 'succeeded', retentionMs: toMilliseconds(job.retention) }
}

function isInvalidInput(error: unknown): boolean {
  return error instanceof HoldfastError && error.code === 'job-input-outdated'
}

function describeFailure(error: unknown, row: ClaimedRow): Readonly<Record<string, unknown>> {
  const at = { attempt: row.failures + 1, at: new Date().toISOString() }
  if (!(error instanceof Error)) return { ...at, name: 'thrown', message: shorten(String(error)) }
  const code = (error as { readonly code?: unknown }).code
  return {
    ...at,
    name: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    message: shorten(error.message),
  }
}

/** A text that Postgres takes: it has no place for a NUL, nor for half a character. */
function shorten(text: string): string {
  return text.slice(0, longestText).toWellFormed().replaceAll('\0', '\uFFFD')
}
