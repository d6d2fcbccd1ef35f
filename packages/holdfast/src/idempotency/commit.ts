import type { Answer } from '../kernel/answer.ts'
import type { Call } from '../kernel/call.ts'
import { describeOperation } from '../kernel/compile.ts'
import type { Clock } from '../kernel/clock.ts'
import { HoldfastError } from '../kernel/holdfast-error.ts'
import { toLogFields } from '../kernel/log.ts'
import type { Connection } from '../postgres/connection.ts'
import type { GatheredRows } from '../postgres/gathered-rows.ts'
import { DatabaseUnavailable } from '../postgres/problems.ts'
import { checkTransaction } from '../postgres/queries/check-transaction.ts'
import { type InsertPositionRow, readInsertPosition } from '../postgres/replicas/log-position.ts'
import { isInFailedTransaction, sqlStateOf } from '../postgres/sql-state.ts'
import type { Statement } from '../postgres/statement.ts'
import {
  isOtherTransaction,
  transactionEnded,
  type TransactionMarker,
} from '../postgres/transaction-marker.ts'
import type { AttemptParts } from './mutation-parts.ts'
import { OutcomeUnknown } from './problems.ts'
import { storeAnswer, type StoreParameters } from './queries/store-answer.ts'
import { resolveCommit } from './resolve-commit.ts'
import { restore } from './stored-answer.ts'
import { transactionAborted } from './transaction-failures.ts'

/** What is committed. */
export interface CommitParts extends AttemptParts {
  /** What the handler's transaction sets off beside its rows. */
  readonly gathered: GatheredRows
  readonly marker: TransactionMarker
  /** The schema epoch that has to hold still until the commit; `undefined` where it does not matter. */
  readonly epoch: number | undefined
  /** The row of the key's answer; `undefined` if the call has no key. */
  readonly stored: StoreParameters | undefined
  /** Statements before all others. Default none. */
  readonly first?: readonly Statement[]
}

/** How long a COMMIT may go unanswered, in milliseconds, before the connection is given up and the outcome is looked up. */
export const commitPatienceMs: number = 5_000
// How long the outcome is looked for at least, even when the deadline of the call has come.
const leastResolutionMs = 2_000

/**
 * Stores the answer and commits, in one round trip. Gives nothing where the commit was confirmed, and the stored
 * answer where it was not but has been found since. Rejects with the error of a statement where that rolled everything back,
 * and with `OutcomeUnknown` where the outcome could not be found out.
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

  // The first is the reason of those behind it.
  const failed = written.find((result) => result.status === 'rejected')
  if (failed && sqlStateOf(failed.reason) !== undefined) {
    // The server says that a row was not stored: the COMMIT behind it could only roll back.
    if (isOtherTransaction(failed.reason))
      throw transactionEnded(describeOperation(call.operation), failed.reason)
    throw isInFailedTransaction(failed.reason) ? transactionAborted(call.operation) : failed.reason
  }
  if (commitResult.status === 'rejected') {
    // A session that goes on after its COMMIT failed has rolled back; one that ended may have committed before.
    if (sqlStateOf(commitResult.reason) !== undefined && (await connection.answers()))
      throw commitResult.reason
    call.log.warn({ error: toLogFields(commitResult.reason) }, 'the connection was lost during a commit')
    return resolve(connection, call, parts)
  }
  // COMMIT of a transaction that has failed succeeds, and says in its tag that it rolled back.
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

/** What the server answered; `undefined` where it has not for long: the network may be gone without a word. */
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
