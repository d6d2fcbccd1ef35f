import { toMilliseconds } from '../../kernel/base/duration.ts'
import { toLogFields } from '../../kernel/base/log.ts'
import type { AttemptScope } from '../../effects/jobs/attempt/attempt-scope.ts'
import { type AttemptOutcome, resolveFailure } from '../../effects/jobs/attempt/attempt-outcome.ts'
import { logFailure } from '../../effects/jobs/attempt/log-failure.ts'
import { createTransaction, type HandlerParts, runHandler } from '../../effects/jobs/attempt/run-handler.ts'
import type { AttemptEnd } from '../../effects/jobs/queries/finish.ts'
import type { Transaction } from '../../storage/postgres/transaction/transaction.ts'
import type { JobRecords } from './job-records.ts'
import { NoSteps } from './no-steps.ts'
import { finishFenced } from './queries/job-records.ts'

/** Dependencies of {@link runJob}. */
export interface RunParts extends HandlerParts {
  readonly records: JobRecords
}

/** The outcome of an attempt, with the action that BullMQ has to take. */
export interface JobRunEnd {
  readonly outcome: AttemptOutcome
  /**
   * `over`: the job does not run again. `again`: the job runs again after `delayMs`, and BullMQ
   * counts a failed attempt if `isFailure` is true. `dead`: the last attempt of the job failed.
   */
  readonly next: 'over' | 'again' | 'dead'
  readonly delayMs: number
  readonly isFailure: boolean
  /** The error of the attempt, for BullMQ to display. */
  readonly error: unknown
}

/** Runs one attempt of a job and stores its outcome. Never rejects. */
export async function runJob(scope: AttemptScope, parts: RunParts): Promise<JobRunEnd> {
  const transaction = createTransaction(scope)
  try {
    await runHandler(scope, parts, { transaction, steps: new NoSteps(scope) })
    return over(await succeed(scope, parts, transaction))
  } catch (error) {
    await transaction.close()
    return await fail(error, scope, parts)
  } finally {
    await transaction.close()
  }
}

const over = (outcome: AttemptOutcome): JobRunEnd => ({
  outcome,
  next: 'over',
  delayMs: 0,
  isFailure: false,
  error: undefined,
})

async function succeed(
  { job, row }: AttemptScope,
  parts: RunParts,
  transaction: Transaction,
): Promise<AttemptOutcome> {
  const finish = { id: row.id, retentionMs: toMilliseconds(job.retention, { option: 'retention' }) }
  if (!transaction.isUsed) return (await parts.records.finish(finish)) ? 'succeeded' : 'lost'
  await transaction.commit((check) => [finishFenced(finish, check)])
  return 'succeeded'
}

async function fail(error: unknown, scope: AttemptScope, { records }: RunParts): Promise<JobRunEnd> {
  const { job, row, deadline, work, log } = scope
  const end = resolveFailure(error, { job, row, abortReason: deadline.reason })
  if (!end) {
    work.span.fail('job-lost')
    log.warn('another worker also ran the job and has ended it; nothing of this attempt is kept')
    return over('lost')
  }
  if (end.state === 'cancelled') return over('cancelled')
  if (end.state === 'ready') return { ...again(end, error), outcome: 'released' }
  logFailure(error, end, scope)
  if (end.isFailure !== true) return again(end, error)
  const { failure, retentionMs } = end
  try {
    const isOwn = await records.fail({
      id: row.id,
      failure,
      ...(end.state === 'dead' ? { deadForMs: retentionMs ?? 0 } : {}),
    })
    if (!isOwn) return over('lost')
  } catch (unwritten) {
    log.warn({ error: toLogFields(unwritten) }, 'could not record the failure of a job; will retry')
    return again({ ...end, isFailure: false, delayMs: unwrittenPauseMs }, error)
  }
  return end.state === 'dead' ? { ...over('dead'), next: 'dead', error } : again(end, error)
}

const unwrittenPauseMs = 1_000

function again({ delayMs = 0, isFailure = false, isSnooze = false }: AttemptEnd, error: unknown): JobRunEnd {
  return { outcome: isSnooze ? 'snoozed' : 'failed', next: 'again', delayMs, isFailure, error }
}
