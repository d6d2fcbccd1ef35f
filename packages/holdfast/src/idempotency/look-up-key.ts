import { untilAborted } from '../kernel/cancellation.ts'
import type { Work } from '../kernel/work.ts'
import type { Connection } from '../postgres/connection.ts'
import type { KeyClaim } from './key-claim.ts'
import { type AnswerRow, readAnswer } from './queries/answers.ts'
import { tryLock } from './queries/try-lock.ts'

/** A key as it is found outside of an attempt. */
export interface FoundKey {
  /** Whether an attempt with the key is running; its answer is not known then. */
  readonly isRunning: boolean
  readonly stored: AnswerRow | undefined
}

/**
 * Looks a key up in one round trip. A transaction releases its locks after its rows have become visible,
 * so the second statement, which has a snapshot of its own, reads the final state of a free key.
 */
export async function lookUpKey(
  claim: KeyClaim,
  { connection, work, leaves }: { connection: Connection; work: Work; leaves: readonly number[] },
): Promise<FoundKey> {
  const found = connection.together(() =>
    Promise.all([
      connection.run<{ free: boolean }>(tryLock(claim.lockId)),
      connection.run<AnswerRow>(readAnswer(claim.id, leaves)),
    ]),
  )
  const [lock, answer] = await untilAborted(found, work.deadline)
  return { isRunning: lock.rows[0]?.free !== true, stored: answer.rows[0] }
}
