import { untilAborted } from '../kernel/cancellation.ts'
import { toLogFields } from '../kernel/log.ts'
import { LazyTransaction } from '../postgres/lazy-transaction.ts'
import type { AttemptScope } from './attempt-scope.ts'
import { JobRunContext } from './job-run-context.ts'
import { judgeFailure, successOf } from './judge-attempt.ts'
import { type AttemptEnd, endAttemptFenced } from './queries/end-attempt.ts'
import type { Completion } from './queries/complete-jobs.ts'
import { releasePlace } from './queries/release-place.ts'
import { readInput } from './read-input.ts'
import { reportEnd } from './report-end.ts'
import { StepRunner } from './step-runner.ts'
import { suspend } from './suspend.ts'

/** What an attempt came to, for those who count. */
export type AttemptOutcome =
  | 'succeeded'
  | 'failed'
  | 'dead'
  | 'cancelled'
  | 'suspended'
  | 'snoozed'
  | 'handed-back'
  | 'lost'

/** What attempts are run with, beside what is their own. */
export interface AttemptParts {
  readonly settings: unknown
  /** Completes a job that has used no transaction; gives whether it was still its attempt's own. */
  complete(completion: Completion): Promise<boolean>
  /** Keeps what a job says of its progress. */
  keepProgress(scope: AttemptScope, value: string): void
}

/** Runs one attempt of a job to its end, whatever that is. Never rejects. */
export async function runAttempt(scope: AttemptScope, parts: AttemptParts): Promise<AttemptOutcome> {
  const transaction = new LazyTransaction(scope.pool, scope.work, scope.limitMs)
  const steps = new StepRunner(scope, () => transaction.hasBegun)
  try {
    await runHandler(scope, parts, { transaction, steps })
    if (steps.pauses.length === 0) return await succeed(scope, parts, transaction)
  } catch (error) {
    await steps.settled()
    if (steps.pauses.length === 0 || scope.deadline.aborted) {
      await transaction.close()
      return await fail(error, scope)
    }
  } finally {
    await transaction.close()
  }
  try {
    await suspend(scope, steps.pauses)
    return 'suspended'
  } catch (error) {
    return fail(error, scope)
  }
}

interface Running {
  readonly transaction: LazyTransaction
  readonly steps: StepRunner
}

async function runHandler(
  scope: AttemptScope,
  parts: AttemptParts,
  { transaction, steps }: Running,
): Promise<void> {
  const { job, row, deadline } = scope
  const input = await readInput(scope)
  const context = new JobRunContext(scope, { input, transaction, steps, ...parts })
  const running = scope.foreignCalls.within({ operation: job.name, isOpen: () => transaction.isOpen }, () =>
    context.within(() => job.run(context as never)),
  )
  // Most of those that use no database are done by now.
  if (running !== undefined) {
    await untilAborted(Promise.resolve(running), deadline, (outcome) => {
      if (outcome.status === 'rejected' && outcome.reason !== deadline.reason)
        scope.log.debug(
          { error: toLogFields(outcome.reason) },
          `the job ${row.name} failed after its attempt had ended`,
        )
    })
  }
  deadline.throwIfAborted()
  await steps.settled()
}

async function succeed(
  { job, row }: AttemptScope,
  parts: AttemptParts,
  transaction: LazyTransaction,
): Promise<AttemptOutcome> {
  const end = successOf(job)
  const { id, attempt } = row
  if (!transaction.hasBegun && !row.has_place) {
    const isOwn = await parts.complete({ id, attempt, retentionMs: end.retentionMs })
    return isOwn ? 'succeeded' : 'lost'
  }
  await transaction.commit([
    endAttemptFenced(id, attempt, end),
    ...(row.has_place ? releasePlace(row.name, row.limit_key ?? '') : []),
  ])
  return 'succeeded'
}

async function fail(error: unknown, scope: AttemptScope): Promise<AttemptOutcome> {
  const { job, row, deadline } = scope
  const end = judgeFailure(error, { job, row, abortReason: deadline.reason })
  const state = end && (await reportEnd(scope, end))
  if (!end || state === undefined) {
    scope.work.span.fail('job-lost')
    scope.log.warn(
      { error: toLogFields(error) },
      'the job was taken over by another worker while it ran, or had been committed: nothing else of this attempt is kept',
    )
    return 'lost'
  }
  tellFailure(error, end, scope)
  return outcomeOf(end, state)
}

function outcomeOf(end: AttemptEnd, state: string): AttemptOutcome {
  if (state === 'cancelled' || state === 'dead') return state
  if (end.isSnooze === true) return 'snoozed'
  return end.state === 'ready' ? 'handed-back' : 'failed'
}

function tellFailure(error: unknown, end: AttemptEnd, { row, log, work }: AttemptScope): void {
  if (end.isFailure !== true && end.state !== 'scheduled') return
  if (end.isSnooze === true) {
    log.info(
      { error: toLogFields(error), snoozes: row.snoozes + 1, retryInMs: Math.round(end.delayMs ?? 0) },
      'job snoozed',
    )
    return
  }
  work.span.fail(error instanceof Error ? error.name : 'unknown')
  const fields = { error: toLogFields(error), failures: row.failures + (end.isFailure === true ? 1 : 0) }
  if (end.state === 'dead') log.error(fields, 'the job is dead: it is not tried again')
  else log.warn({ ...fields, retryInMs: Math.round(end.delayMs ?? 0) }, 'the job failed, and is tried again')
}
