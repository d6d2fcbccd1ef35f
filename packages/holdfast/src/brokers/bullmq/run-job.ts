import { abortable } from '../../kernel/base/cancellation.ts'
import { toMilliseconds } from '../../kernel/base/duration.ts'
import { toLogFields } from '../../kernel/base/log.ts'
import type { AttemptScope } from '../../effects/jobs/attempt/attempt-scope.ts'
import { JobRunContext } from '../../effects/jobs/attempt/job-run-context.ts'
import { resolveFailure } from '../../effects/jobs/attempt/attempt-outcome.ts'
import type { AttemptEnd } from '../../effects/jobs/queries/finish.ts'
import { readInput } from '../../effects/jobs/attempt/read-input.ts'
import type { AttemptOutcome } from '../../effects/jobs/attempt/run-attempt.ts'
import { Transaction } from '../../storage/postgres/transaction/transaction.ts'
import { uniformLimits } from '../../storage/postgres/queries/begin-transaction.ts'
import type { JobRecords } from './job-records.ts'
import { NoSteps } from './no-steps.ts'
import { finishFenced } from './queries/finish-jobs.ts'

/** Dependencies of {@link runJob} that all jobs share. */
export interface RunParts {
  readonly settings: unknown
  readonly records: JobRecords
  /** Stores the progress that a job reports. */
  keepProgress(scope: AttemptScope, value: string): void
}

/** The outcome of an attempt, with the action that BullMQ has to take. */
export interface JobRunEnd {
  readonly outcome: AttemptOutcome
  /**
   * `over`: the job needs no further run. `again`: it runs again after `delayMs`, and BullMQ counts
   * a failed attempt if `isFailure`. `dead`: its last attempt failed.
   */
  readonly next: 'over' | 'again' | 'dead'
  readonly delayMs: number
  readonly isFailure: boolean
  /** The error of the attempt, for BullMQ to display. */
  readonly error: unknown
}

/** Runs one attempt of a job and stores its outcome. Never rejects. */
export async function runJob(scope: AttemptScope, parts: RunParts): Promise<JobRunEnd> {
  const transaction = new Transaction(scope.pool, scope.work, {
    limits: uniformLimits(scope.limitMs),
    owner: scope.job,
  })
  try {
    await runHandler(scope, parts, transaction)
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

async function runHandler(scope: AttemptScope, parts: RunParts, transaction: Transaction): Promise<void> {
  const { job, row, deadline, log } = scope
  const input = await readInput(scope)
  const context = new JobRunContext(scope, { input, transaction, steps: new NoSteps(scope), ...parts })
  const running = scope.externalCalls.within({ operation: job.name, isOpen: () => transaction.isOpen }, () =>
    context.within(() => job.run(context as never)),
  )
  await abortable(Promise.resolve(running), deadline, (outcome) => {
    if (outcome.status === 'rejected' && outcome.reason !== deadline.reason)
      log.debug({ error: toLogFields(outcome.reason) }, `job ${row.name} failed after its attempt had ended`)
  })
  deadline.throwIfAborted()
}

async function succeed(
  { job, row }: AttemptScope,
  parts: RunParts,
  transaction: Transaction,
): Promise<AttemptOutcome> {
  const finish = { id: row.id, retentionMs: toMilliseconds(job.retention) }
  if (!transaction.isUsed) return (await parts.records.finish(finish)) ? 'succeeded' : 'lost'
  await transaction.commit([finishFenced(finish)])
  return 'succeeded'
}

async function fail(error: unknown, scope: AttemptScope, { records }: RunParts): Promise<JobRunEnd> {
  const { job, row, deadline, work, log } = scope
  const end = resolveFailure(error, { job, row, abortReason: deadline.reason })
  if (!end) {
    work.span.fail('job-lost')
    log.warn('the job was run by another worker as well, which has ended it; nothing of this attempt is kept')
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
    log.warn({ error: toLogFields(unwritten) }, 'recording the failure of a job failed; will retry')
    return again({ ...end, isFailure: false, delayMs: unwrittenPauseMs }, error)
  }
  return end.state === 'dead' ? { ...over('dead'), next: 'dead', error } : again(end, error)
}

const unwrittenPauseMs = 1_000

function again({ delayMs = 0, isFailure = false, isSnooze = false }: AttemptEnd, error: unknown): JobRunEnd {
  return { outcome: isSnooze ? 'snoozed' : 'failed', next: 'again', delayMs, isFailure, error }
}

function logFailure(error: unknown, end: AttemptEnd, { log, work }: AttemptScope): void {
  work.span.fail(error instanceof Error ? error.name : 'unknown')
  const fields = { error: toLogFields(error) }
  if (end.isSnooze === true) log.info(fields, 'job snoozed')
  else if (end.state === 'dead') log.error(fields, 'job failed permanently (attempts exhausted)')
  else log.warn({ ...fields, retryInMs: Math.round(end.delayMs ?? 0) }, 'job failed; will retry')
}
