import type { Clock } from '../../kernel/base/clock.ts'
import { RunningDeadline } from '../../kernel/operation/deadline.ts'
import { toLogFields, type Logger } from '../../kernel/base/log.ts'
import { pause } from '../../kernel/base/wait.ts'
import { withCause } from '../../kernel/problem/problem.ts'
import type { Work } from '../../kernel/host/work.ts'
import type { Pool } from '../../storage/postgres/pool/pool.ts'
import { withConnection } from '../../storage/postgres/pool/with-connection.ts'
import { isUnavailable } from '../../storage/postgres/errors/sql-state.ts'
import type { KeyClaim } from './key-claim.ts'
import { OutcomeUnknown } from './problems.ts'
import type { KeyRing } from './key-ring.ts'
import { type FoundKey, lookUpKey } from './look-up-key.ts'
import type { AnswerRow } from './queries/answers.ts'

/** Dependencies of {@link resolveCommit}. */
export interface Resolution extends Pick<Work, 'span' | 'usage'> {
  readonly pool: Pool
  readonly ring: KeyRing
  readonly clock: Clock
  readonly log: Logger
  /** Timeout, in milliseconds. */
  readonly timeoutMs: number
}

const pauseMs = 50

/**
 * Determines the outcome of a transaction whose COMMIT got no reply. Returns the stored answer, or
 * `undefined` if the transaction was rolled back. Waits until the key's lock is free, because the
 * row or its absence is final only when the transaction has ended.
 *
 * Throws `OutcomeUnknown` after the timeout.
 */
export async function resolveCommit(claim: KeyClaim, resolution: Resolution): Promise<AnswerRow | undefined> {
  const { clock, log, timeoutMs } = resolution
  const deadline = new RunningDeadline(clock, timeoutMs)
  try {
    while (!deadline.aborted) {
      try {
        const found = await look(claim, resolution, {
          deadline,
          span: resolution.span,
          usage: resolution.usage,
        })
        if (!found.isRunning) return found.stored
      } catch (error) {
        if (!isUnavailable(error) && !deadline.aborted) throw withCause(OutcomeUnknown(), error)
        log.debug({ error: toLogFields(error) }, 'could not look up the outcome of a commit; will retry')
      }
      await pause(pauseMs, { clock, cancellation: deadline })
    }
  } finally {
    deadline.end()
  }
  throw OutcomeUnknown()
}

function look(claim: KeyClaim, { pool, ring }: Resolution, work: Work): Promise<FoundKey> {
  return withConnection(pool, work, (connection) =>
    lookUpKey(claim, { connection, work, leaves: ring.locate(claim.madeAtMs).read }),
  )
}
