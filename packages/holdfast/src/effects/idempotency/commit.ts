import type { Answer } from '../../kernel/operation/answer.ts'
import type { Call } from '../../kernel/call/call.ts'
import { describeOperation } from '../../kernel/operation/compile.ts'
import type { Clock } from '../../kernel/base/clock.ts'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { toLogFields } from '../../kernel/base/log.ts'
import type { Connection } from '../../storage/postgres/session/connection.ts'
import type { GatheredRows } from '../../storage/postgres/transaction/gathered-rows.ts'
import { DatabaseUnavailable } from '../../storage/postgres/errors/problems.ts'
import { checkTransaction } from '../../storage/postgres/queries/check-transaction.ts'
import { type InsertPositionRow, readInsertPosition } from '../../storage/replicas/log-position.ts'
import { isInFailedTransaction, sqlStateOf } from '../../storage/postgres/errors/sql-state.ts'
import type { Statement } from '../../storage/postgres/statement/statement.ts'
import {
  isOtherTransaction,
  transactionEnded,
  type TransactionMarker,
} from '../../storage/postgres/transaction/transaction-marker.ts'
import type { AttemptParts } from './mutation-parts.ts'
import { OutcomeUnknown } from './problems.ts'
import { storeAnswer, type StoreParameters } from './queries/store-answer.ts'
import { resolveCommit } from './resolve-commit.ts'
import { restore } from './stored-answer.ts'
import { transactionAborted } from './transaction-failures.ts'

/** Parameters of {@link commit}. */
export interface CommitParts extends AttemptParts {
  /** Jobs and messages of the handler's transaction. */
  readonly gathered: GatheredRows
  readonly marker: TransactionMarker
  /** The schema epoch that must still hold at the commit; `undefined` if any may. */
  readonly epoch: number | undefined
  /** The row of the key's answer; `undefined` if the call has no key. */
  readonly stored: StoreParameters | undefined
  /** Statements that run before all others. Default: none. */
  readonly first?: readonly Statement[]
}

/**
 * Minimum timeout of a COMMIT, in milliseconds. After it, the connection is closed and the outcome
 * is looked up.
 */
export const commitPatienceMs: number = 5_000
// Minimum time for the look-up of the outcome, even after the call's deadline.
const leastResolutionMs = 2_000

/**
 * Stores the answer and commits, in one round trip. Returns `undefined` if the server confirmed the
 * commit. If it did not, looks up the outcome, and returns the stored answer. Rejects with the
 * error of a statement if that rolled the transaction back, and with `OutcomeUnknown` if the
 * outcome could not be determined.
 */
export async function commit(
  connection: Connection,
  call: Call,
  parts: CommitParts,
): Promise<Answer | undefined> {
  const { first = [], gathered } = parts
  const statements = [...first, ...connection.roleReset, ...gathered.statements(), lastStatement(parts)]
  const { sent, last } = connection.flush(statements, () => {
    const committed = settled(connection.run({ text: 'COMMIT' }))
    const position = parts.tellsPosition
      ? settled(connection.run<InsertPositionRow>(readInsertPosition()))
      : undefined
    connection.reset()
    return Promise.all([committed, position])
  })
  const answered = Promise.all([Promise.allSettled(sent), last])
  const results = await answeredInTime(answered, call, parts.clock)
  if (!results) return resolve(connection, call, parts)
  const [written, [commitResult, position]] = results

  // Later failures follow from the first.
  const failed = written.find((result) => result.status === 'rejected')
  if (failed && sqlStateOf(failed.reason) !== undefined) {
    // The server rejected a statement, so the COMMIT after it can only have rolled back.
    if (isOtherTransaction(failed.reason))
      throw transactionEnded(describeOperation(call.operation), failed.reason)
    throw isInFailedTransaction(failed.reason) ? transactionAborted(call.operation) : failed.reason
  }
  if (commitResult.status === 'rejected') {
    // If the session is alive after a failed COMMIT, it has rolled back. If it ended, it may have
    // committed.
    if (sqlStateOf(commitResult.reason) !== undefined && (await connection.answers()))
      throw commitResult.reason
    call.log.warn({ error: toLogFields(commitResult.reason) }, 'the connection was lost during a commit')
    return resolve(connection, call, parts)
  }
  // COMMIT of a failed transaction succeeds, but its command tag is ROLLBACK.
  if (commitResult.value.command !== 'COMMIT') throw transactionAborted(call.operation)
  if (failed) {
    throw new HoldfastError(
      'key-not-stored',
      `${call.operation.name} (${call.operation.place}) committed without its idempotency key, its jobs or its messages, which the driver refused to send. Its retry would run it again.`,
      { cause: failed.reason },
    )
  }
  parts.gathered.committed()
  if (position?.status === 'fulfilled') call.position = position.value.rows[0]?.position
  return undefined
}

function lastStatement({ stored, place, epoch, marker }: CommitParts): Statement {
  const check = { marker: marker.text, epoch }
  return stored ? storeAnswer(stored, place.write, check) : checkTransaction(check)
}

function settled<T>(work: Promise<T>): Promise<PromiseSettledResult<T>> {
  return Promise.allSettled([work]).then(([result]) => result)
}

/** Returns the results, or `undefined` after a timeout: a connection can be lost silently. */
function answeredInTime<T>(results: Promise<T>, call: Call, clock: Clock): Promise<T | undefined> {
  const patienceMs = Math.max(commitPatienceMs, call.deadline.remainingMs())
  return new Promise((tell, fail) => {
    const timer = clock.after(patienceMs, () => tell(undefined))
    results.then(tell, fail).finally(() => timer.cancel())
  })
}

async function resolve(connection: Connection, call: Call, parts: CommitParts): Promise<Answer> {
  connection.destroy()
  const { claim, pool, ring, clock } = parts
  if (!claim) throw OutcomeUnknown()
  const patienceMs = Math.max(leastResolutionMs, call.deadline.remainingMs())
  const stored = await resolveCommit(claim, {
    pool,
    ring,
    clock,
    log: call.log,
    patienceMs,
    ...parts.work,
  })
  if (!stored)
    throw DatabaseUnavailable({
      detail: 'The connection was lost during the commit, which has been rolled back.',
    })
  call.log.info('the outcome of an unanswered commit was found: it had committed')
  parts.gathered.committed()
  return restore(stored, claim)
}
