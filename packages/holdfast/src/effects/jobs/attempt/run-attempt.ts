import { abortable } from '../../../kernel/base/cancellation.ts'
import { toMilliseconds } from '../../../kernel/base/duration.ts'
import { toLogFields } from '../../../kernel/base/log.ts'
import { maxAttempts } from '../../../kernel/background/retry-delay.ts'
import type { Transaction } from '../../../storage/postgres/transaction/transaction.ts'
import type { AttemptScope } from './attempt-scope.ts'
import type { ClaimOf } from '../claim/claim-of.ts'
import { jobLost, jobNotBegun } from './abort-reasons.ts'
import { type AttemptOutcome, resolveFailure } from './attempt-outcome.ts'
import { logFailure } from './log-failure.ts'
import { createTransaction, type HandlerParts, runHandler } from './run-handler.ts'
import { type AttemptEnd, type Completion, succeedFenced } from '../queries/finish.ts'
import { releaseSlot, slotOf } from '../queries/limits.ts'
import { reportEnd } from './report-end.ts'
import { type Pause, StepRunner } from '../steps/step-runner.ts'
import { suspend } from '../steps/suspend.ts'

/** Dependencies that all attempts share. */
export interface AttemptParts extends HandlerParts {
  /** Marks an attempt as started. Resolves to `false` if this claim no longer holds the job. */
  markBegun(claim: ClaimOf): Promise<boolean>
  /**
   * Completes a job that used no transaction. Resolves to `false` if this claim no longer holds the
   * job.
   */
  complete(completion: Completion): Promise<boolean>
}

/**
 * Returns whether an attempt must be marked as started before its handler runs. True for the last
 * attempt, which must not run again after a crash, and for a job that may have caused an earlier
 * crash.
 */
export function isMarkedFirst({ job, row }: Pick<AttemptScope, 'job' | 'row'>): boolean {
  return row.lost_claims > 0 || row.failures + 1 >= maxAttempts(job.retry)
}

/** Runs one attempt of a job and stores its outcome. Never rejects. */
export async function runAttempt(scope: AttemptScope, parts: AttemptParts): Promise<AttemptOutcome> {
  const transaction = createTransaction(scope)
  const steps = new StepRunner(scope, () => transaction.isUsed)
  try {
    if (isMarkedFirst(scope)) await mark(scope, parts)
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
  return pause(scope, steps.pauses)
}

async function mark({ row, deadline }: AttemptScope, parts: AttemptParts): Promise<void> {
  const isOwn = await abortable(parts.markBegun(row), deadline).catch(() => {
    throw jobNotBegun
  })
  if (!isOwn) throw jobLost
}

async function succeed(
  { service, job, row }: AttemptScope,
  parts: AttemptParts,
  transaction: Transaction,
): Promise<AttemptOutcome> {
  const retentionMs = toMilliseconds(job.retention, { option: 'retention' })
  const { id, claim } = row
  if (!transaction.isUsed && !row.has_slot) {
    const isOwn = await parts.complete({ id, claim, retentionMs })
    return isOwn ? 'succeeded' : 'lost'
  }
  await transaction.commit((check) => [
    succeedFenced(row, retentionMs, check),
    ...(row.has_slot ? releaseSlot(slotOf(service, row)) : []),
  ])
  return 'succeeded'
}

async function pause(scope: AttemptScope, pauses: readonly Pause[]): Promise<AttemptOutcome> {
  try {
    await suspend(scope, pauses)
    return 'suspended'
  } catch (error) {
    return fail(error, scope)
  }
}

async function fail(error: unknown, scope: AttemptScope): Promise<AttemptOutcome> {
  const { job, row, deadline } = scope
  const end = resolveFailure(error, { job, row, abortReason: deadline.reason })
  const state = end && (await reportEnd(scope, end))
  if (!end || state === undefined) {
    scope.work.span.fail('job-lost')
    scope.log.warn(
      { error: toLogFields(error) },
      'job lost: rescued by another worker or already committed; this attempt was rolled back',
    )
    return 'lost'
  }
  logFailure(error, end, scope)
  return outcomeOf(end, state)
}

function outcomeOf(end: AttemptEnd, state: string): AttemptOutcome {
  if (state === 'cancelled' || state === 'dead') return state
  if (end.isSnooze === true) return 'snoozed'
  return end.state === 'ready' ? 'released' : 'failed'
}
