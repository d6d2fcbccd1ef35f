import { abortable } from '../../kernel/base/cancellation.ts'
import type { Work } from '../../kernel/host/work.ts'
import type { Connection } from '../../storage/postgres/session/connection.ts'
import type { KeyClaim } from './key-claim.ts'
import { type AnswerRow, readAnswer } from './queries/answers.ts'
import { tryLock } from './queries/try-lock.ts'

/** The state of a key. */
export interface FoundKey {
  /** True while an attempt with the key runs: its answer is not known yet. */
  readonly isRunning: boolean
  readonly stored: AnswerRow | undefined
}

/**
 * Looks up a key in one round trip. A transaction releases its locks after its rows have become
 * visible. So if the first statement finds the key unlocked, the second statement, with its later
 * snapshot, reads the final state.
 */
export async function lookUpKey(
  claim: KeyClaim,
  { connection, work, leaves }: { connection: Connection; work: Work; leaves: readonly number[] },
): Promise<FoundKey> {
  const found = connection.pipeline(() =>
    Promise.all([
      connection.run<{ free: boolean }>(tryLock(claim.lockId)),
      connection.run<AnswerRow>(readAnswer(claim.id, leaves)),
    ]),
  )
  const [lock, answer] = await abortable(found, work.deadline)
  return { isRunning: lock.rows[0]?.free !== true, stored: answer.rows[0] }
}
