import { CallLog } from '../kernel/call-log.ts'
import type { Clock } from '../kernel/clock.ts'
import { RunningDeadline } from '../kernel/deadline.ts'
import { toMilliseconds } from '../kernel/duration.ts'
import type { Job } from '../kernel/job.ts'
import type { Telemetry } from '../kernel/telemetry.ts'
import { newUsage } from '../kernel/work.ts'
import type { AttemptScope } from './attempt-scope.ts'
import type { ClaimedRow } from './queries/claim-jobs.ts'

/** What attempts are opened with, beside their job and its row. */
export interface AttemptSurroundings extends Pick<
  AttemptScope,
  'service' | 'pool' | 'control' | 'bind' | 'foreignCalls' | 'log' | 'closing' | 'holdsLease'
> {
  readonly clock: Clock
  readonly telemetry: Telemetry
}

// A transaction that hangs between two statements outlives its job by this much, should its process be unable to end it.
const idleGraceMs = 1_000

/** Begins the time and the span of an attempt, in the trace of whoever enqueued its job; both are for the caller to end. */
export function openAttempt(job: Job, row: ClaimedRow, surroundings: AttemptSurroundings): AttemptScope {
  const { clock, telemetry, log, ...shared } = surroundings
  const attempt = row.failures + 1
  const span = telemetry.beginTrace('consumer', row.traceparent ?? undefined)
  span.describe(`job ${job.name}`, {
    'holdfast.job': job.name,
    'holdfast.job.id': row.id,
    'holdfast.attempt': attempt,
  })
  const { traceId, spanId } = span.trace
  const deadlineMs = toMilliseconds(job.deadline)
  const deadline = new RunningDeadline(clock, deadlineMs)
  return {
    ...shared,
    job,
    row,
    log: new CallLog(log, () => ({ job: job.name, jobId: row.id, attempt, traceId, spanId })),
    work: { deadline, span, usage: newUsage() },
    deadline,
    limitMs: deadlineMs + idleGraceMs,
  }
}
