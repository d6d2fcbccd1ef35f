import { CallLog } from '../../../kernel/call/call-log.ts'
import type { Clock } from '../../../kernel/base/clock.ts'
import { RunningDeadline } from '../../../kernel/operation/deadline.ts'
import { toMilliseconds } from '../../../kernel/base/duration.ts'
import type { Job } from '../../../kernel/background/job.ts'
import type { Telemetry } from '../../../kernel/telemetry/telemetry.ts'
import { newUsage } from '../../../kernel/host/work.ts'
import type { AttemptScope } from './attempt-scope.ts'
import type { ClaimedRow } from '../queries/claim.ts'

/** Dependencies of {@link openAttempt}, in addition to the job and its row. */
export interface AttemptHost extends Pick<
  AttemptScope,
  'service' | 'pool' | 'control' | 'bind' | 'externalCalls' | 'log' | 'closing' | 'holdsLease'
> {
  readonly clock: Clock
  readonly telemetry: Telemetry
}

// Extra time after a job's timeout. After that, the database ends the job's transaction, even if
// the process hangs between two statements.
const idleGraceMs = 1_000

/**
 * Opens an attempt: starts its deadline and its span. The caller must end both. The span belongs to
 * the trace of the call that enqueued the job.
 */
export function openAttempt(job: Job, row: ClaimedRow, host: AttemptHost): AttemptScope {
  const { clock, telemetry, log, ...shared } = host
  const attempt = row.failures + 1
  const span = telemetry.beginTrace('consumer', row.traceparent ?? undefined)
  span.describe(`job ${job.name}`, {
    'holdfast.job': job.name,
    'holdfast.job.id': row.id,
    'holdfast.attempt': attempt,
    ...(row.tenant === null ? {} : { 'holdfast.tenant': row.tenant }),
  })
  const { traceId, spanId } = span.trace
  const deadlineMs = toMilliseconds(job.deadline, { option: 'deadline' })
  const deadline = new RunningDeadline(clock, deadlineMs)
  return {
    ...shared,
    job,
    row,
    log: new CallLog(log, () => ({
      job: job.name,
      jobId: row.id,
      attempt,
      ...(row.tenant === null ? {} : { tenant: row.tenant }),
      traceId,
      spanId,
    })),
    work: { deadline, span, usage: newUsage() },
    deadline,
    limitMs: deadlineMs + idleGraceMs,
  }
}
