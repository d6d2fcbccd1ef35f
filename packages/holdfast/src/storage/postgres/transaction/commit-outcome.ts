import type pg from 'pg'
import type { Connection } from '../session/connection.ts'
import { isInFailedTransaction, sqlStateOf } from '../errors/sql-state.ts'
import { isOtherTransaction } from './transaction-marker.ts'
import {
  partlyCommitted,
  transactionAborted,
  transactionEnded,
  type TransactionOwner,
} from './transaction-failures.ts'

/** The outcome of a commit. `transaction.ts` explains each state. */
export type CommitOutcome =
  | {
      readonly state: 'committed'
      /** The result of the statement after COMMIT; `undefined` if there was no such statement. */
      readonly after: PromiseSettledResult<pg.QueryResult> | undefined
    }
  | { readonly state: 'rolled back' | 'unknown'; readonly error: unknown }

/** The results of a commit's statements. */
export interface CommitResults {
  /** The results, in the order in which the statements were sent. */
  readonly results: readonly PromiseSettledResult<pg.QueryResult>[]
  /** The index of COMMIT in `results`. */
  readonly commitAt: number
}

/** Determines the outcome of a commit from its results. */
export async function readOutcome(
  { results, commitAt }: CommitResults,
  connection: Pick<Connection, 'isAlive' | 'transientFailure'>,
  owner: TransactionOwner | undefined,
): Promise<CommitOutcome> {
  const failed = firstFailure(results, commitAt)
  if (failed && sqlStateOf(failed.reason) !== undefined) {
    // The server rejected a statement, so the COMMIT after it can only have rolled back.
    return rolledBack(failureOf(failed.reason, owner, connection.transientFailure))
  }
  const commit = results[commitAt]!
  if (commit.status === 'rejected') {
    // If the session is alive after a failed COMMIT, the transaction was rolled back. If the
    // session has ended, the transaction may have committed.
    const isRolledBack = sqlStateOf(commit.reason) !== undefined && (await connection.isAlive())
    return isRolledBack ? rolledBack(commit.reason) : { state: 'unknown', error: commit.reason }
  }
  // COMMIT of a failed transaction succeeds, but its command tag is ROLLBACK.
  if (commit.value.command !== 'COMMIT') return rolledBack(transactionAborted(owner))
  if (failed) throw partlyCommitted(owner, failed.reason)
  return { state: 'committed', after: results[commitAt + 1] }
}

/** Returns the first failure before COMMIT. Later failures follow from it. */
function firstFailure(
  results: CommitResults['results'],
  commitAt: number,
): PromiseRejectedResult | undefined {
  for (let at = 0; at < commitAt; at += 1) {
    const result = results[at]!
    if (result.status === 'rejected') return result
  }
  return undefined
}

function failureOf(error: unknown, owner: TransactionOwner | undefined, cause: unknown): unknown {
  if (isOtherTransaction(error)) return transactionEnded(owner, error)
  return isInFailedTransaction(error) ? transactionAborted(owner, cause) : error
}

function rolledBack(error: unknown): CommitOutcome {
  return { state: 'rolled back', error }
}
