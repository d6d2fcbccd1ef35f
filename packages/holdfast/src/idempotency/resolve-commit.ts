import { type Cancellation, untilAborted } from '../kernel/cancellation.ts'
import type { Clock } from '../kernel/clock.ts'
import { RunningDeadline } from '../kernel/deadline.ts'
import { toLogFields, type Logger } from '../kernel/log.ts'
import { withCause } from '../kernel/problem.ts'
import type { Work } from '../kernel/work.ts'
import type { Pool } from '../postgres/pool.ts'
import { isUnavailable } from '../postgres/sql-state.ts'
import type { KeyClaim } from './key-claim.ts'
import { OutcomeUnknown } from './problems.ts'
import { readAnswer } from './queries/read-answer.ts'
import { tryLock } from './queries/try-lock.ts'
import type { StoredAnswer } from './stored-answer.ts'

/** What a commit of unknown outcome is looked into with. */
export interface Resolution extends Pick<Work, 'span' | 'usage'> {
  readonly pool: Pool
  readonly clock: Clock
  readonly log: Logger
  /** How long it may take, in milliseconds. */
  readonly patienceMs: number
}

const pauseMs = 50

/**
 * Finds out what became of a transaction whose COMMIT was not answered: its stored answer, or `undefined` where it was
 * rolled back. The key's lock tells when the transaction is over; only then its row, or the lack of it, is the truth.
 *
 * Throws `OutcomeUnknown` where that cannot be found out in time.
 */
export async function resolveCommit(
  claim: KeyClaim,
  resolution: Resolution,
): Promise<StoredAnswer | undefined> {
  const { clock, log, patienceMs } = resolution
  const deadline = new RunningDeadline(clock, patienceMs)
  try {
    while (!deadline.aborted) {
      try {
        const verdict = await look(claim, resolution.pool, {
          deadline,
          span: resolution.span,
          usage: resolution.usage,
        })
        if (verdict) return verdict.stored
      } catch (error) {
        if (!isUnavailable(error) && !deadline.aborted) throw withCause(OutcomeUnknown(), error)
        log.debug({ error: toLogFields(error) }, 'could not look into the outcome of a commit yet')
      }
      await pause(clock, deadline)
    }
  } finally {
    deadline.end()
  }
  throw OutcomeUnknown()
}

/** One look; nothing where the transaction is still running. */
async function look(
  claim: KeyClaim,
  pool: Pool,
  work: Work,
): Promise<{ readonly stored: StoredAnswer | undefined } | undefined> {
  const connection = await pool.acquire(work)
  try {
    const lock = await untilAborted(connection.run<{ free: boolean }>(tryLock(claim.lockId)), work.deadline)
    if (lock.rows[0]?.free !== true) return undefined
    const found = await untilAborted(
      connection.run<StoredAnswer>(readAnswer(claim.scope, claim.key)),
      work.deadline,
    )
    return { stored: found.rows[0] }
  } finally {
    connection.release()
  }
}

function pause(clock: Clock, cancellation: Cancellation): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.after(pauseMs, finish)
    function finish(): void {
      timer.cancel()
      cancellation.removeEventListener('abort', finish)
      resolve()
    }
    cancellation.addEventListener('abort', finish)
  })
}
