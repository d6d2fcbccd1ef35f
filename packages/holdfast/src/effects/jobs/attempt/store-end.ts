import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import type { ClaimOf } from '../claim/claim-of.ts'
import { type AttemptEnd, continues, endAttempt, type EndedRow } from '../queries/finish.ts'

/** Runs a statement, and resolves to its rows. */
export type RunStatement = (statement: Statement) => Promise<readonly EndedRow[]>

/**
 * Ends an attempt. Resolves to the new state of the job, or to `undefined` if this claim no longer
 * holds the job.
 *
 * A job that continues stays in the table of active jobs; if it was cancelled, it is moved to the
 * ended jobs instead. If the job is cancelled while the statement waits for its row, the statement
 * changes nothing. It is then repeated, and sees the cancellation.
 */
export async function storeEnd(
  run: RunStatement,
  claim: ClaimOf,
  end: AttemptEnd,
): Promise<EndedRow | undefined> {
  const ending = endAttempt(claim, end)
  const [ended] = await run(ending)
  if (ended || !continues(end)) return ended
  const [again] = await run(ending)
  return again
}
