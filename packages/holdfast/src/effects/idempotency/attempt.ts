import { type Answer, toAnswer } from '../../kernel/operation/answer.ts'
import type { Call, Next } from '../../kernel/call/call.ts'
import { describeOperation } from '../../kernel/operation/compile.ts'
import { untilAborted } from '../../kernel/base/cancellation.ts'
import { ProblemError } from '../../kernel/problem/problem.ts'
import type { Connection } from '../../storage/postgres/session/connection.ts'
import { constraintOf } from '../../storage/postgres/errors/sql-state.ts'
import { GatheredRows } from '../../storage/postgres/transaction/gathered-rows.ts'
import { TransactionMarker, transactionEnded } from '../../storage/postgres/transaction/transaction-marker.ts'
import { TransactionSession } from '../../storage/postgres/transaction/transaction-session.ts'
import { begin, startSavepoint } from './begin.ts'
import { commit } from './commit.ts'
import type { KeyClaim } from './key-claim.ts'
import type { AttemptParts } from './mutation-parts.ts'
import { IdempotencyKeyInFlight } from './problems.ts'
import { type AnswerRow, readAnswer } from './queries/answers.ts'
import { isKeyConstraint, storeAnswer, type StoreParameters } from './queries/store-answer.ts'
import { type AnsweredKey, isFinal, replay, toStored } from './stored-answer.ts'
import { transactionAborted } from './transaction-failures.ts'

/**
 * Runs a mutation once, in one transaction: claims the key, runs the handler, stores the answer,
 * commits. If the key has a stored answer, replays it instead. Returns `undefined`, without running
 * the handler, if the layout of the stored keys has changed. Before it settles, it rolls back a
 * transaction that is still open.
 */
export async function attempt(call: Call, next: Next, parts: AttemptParts): Promise<Answer | undefined> {
  const connection = await parts.pool.acquire(parts.work)
  try {
    if (!parts.prepares) connection.stopPreparing()
    const marker = new TransactionMarker()
    const beginning = await begin(call, connection, { ...parts, marker })
    if (!beginning) return undefined
    const { stored, epoch } = beginning
    if (parts.claim && stored) return replay(stored, parts.claim)
    return await runClaimed(call, next, { ...parts, connection, epoch, marker, gathered: new GatheredRows() })
  } finally {
    await connection.rollBack()
    connection.release()
  }
}

interface ClaimedParts extends AttemptParts {
  readonly connection: Connection
  readonly marker: TransactionMarker
  /** The schema epoch that must still hold at the commit; `undefined` if any may. */
  readonly epoch: number | undefined
  /** Jobs and messages of the handler's transaction. */
  readonly gathered: GatheredRows
}

async function runClaimed(call: Call, next: Next, parts: ClaimedParts): Promise<Answer> {
  const { claim, running } = parts
  if (!claim) return commitAnswer(await runHandler(call, next, parts), call, parts)
  running.set(claim.lockId, claim)
  try {
    // Before the handler, which may change its input.
    const key = { claim, subjects: parts.subjectsOf(call), form: parts.form }
    const outcome = await runHandler(call, next, parts).catch(problemOf)
    return outcome instanceof ProblemError
      ? await refuse(outcome, call, { ...parts, key })
      : await commitAnswer(outcome, call, { ...parts, key })
  } finally {
    running.delete(claim.lockId)
  }
}

/** Returns the error if it is a final answer; otherwise rethrows it. */
function problemOf(error: unknown): ProblemError {
  if (isFinal(error)) return error
  throw error
}

async function runHandler(call: Call, next: Next, parts: ClaimedParts): Promise<Answer> {
  const { bind, foreignCalls } = parts
  const session = new TransactionSession(parts)
  const bound = bind(session)
  call.effects = bound
  const run = (): Answer | Promise<Answer> => {
    call.db = bound.db
    return next(call)
  }
  try {
    return await foreignCalls.within({ operation: call.operation.name }, () => bound.within(run))
  } finally {
    session.end()
  }
}

/**
 * Throws if the handler has ended its transaction: its effects may be committed without the key.
 */
function refuseEnded({ operation }: Call, { connection, marker }: ClaimedParts): void {
  if (marker.hasEnded || connection.transactionStatus === 'I')
    throw transactionEnded(describeOperation(operation))
}

async function commitAnswer(
  answer: Answer,
  call: Call,
  parts: ClaimedParts & { readonly key?: AnsweredKey },
): Promise<Answer> {
  const { key, connection } = parts
  const stored = key && toStored(answer, key)
  // A handler need not have awaited its last statements; whether they failed counts all the same.
  await untilAborted(connection.settled(), call.deadline)
  call.deadline.throwIfAborted()
  refuseEnded(call, parts)
  if (connection.transactionStatus === 'E') throw transactionAborted(call.operation)
  return commitOrReplay(answer, call, { ...parts, stored })
}

/**
 * Stores a problem as the key's final answer, unless a statement has failed for a transient reason:
 * that may have caused the problem, so a retry must run again.
 */
async function refuse(
  problem: ProblemError,
  call: Call,
  parts: ClaimedParts & { readonly key: AnsweredKey },
): Promise<Answer> {
  const { key, connection, problemBase } = parts
  const { transientFailure, passingFailure } = connection
  if (transientFailure !== undefined) throw transientFailure
  if (passingFailure !== undefined) throw problem
  refuseEnded(call, parts)
  const answer = toAnswer(problem, { requestId: call.requestId, problemBase })
  call.span.set('holdfast.problem.code', problem.code)
  const stored = toStored(answer, key)
  if (call.operation.isolation !== 'serializable') {
    await connection.rollBack()
    return storeRefusal(answer, call, { ...parts, claim: key.claim, stored })
  }
  // The reads of a serializable transaction are valid only if it commits, so it also stores the
  // problem.
  await untilAborted(connection.settled(), call.deadline)
  call.deadline.throwIfAborted()
  refuseEnded(call, parts)
  const first = [{ text: `ROLLBACK TO SAVEPOINT ${startSavepoint}` }]
  return commitOrReplay(answer, call, { ...parts, first, stored, gathered: new GatheredRows() })
}

type Storing = ClaimedParts & {
  readonly stored: StoreParameters | undefined
  readonly first?: readonly { readonly text: string }[]
}

async function commitOrReplay(answer: Answer, call: Call, parts: Storing): Promise<Answer> {
  const { claim, stored, connection } = parts
  try {
    return (await commit(connection, call, parts)) ?? answer
  } catch (error) {
    if (claim && stored && isKeyConstraint(constraintOf(error))) return replayWinner(claim, call, parts)
    throw error
  }
}

/**
 * Stores a problem after its transaction was rolled back. If another attempt was faster, replays
 * its answer.
 */
async function storeRefusal(
  answer: Answer,
  call: Call,
  parts: ClaimedParts & { readonly claim: KeyClaim; readonly stored: StoreParameters },
): Promise<Answer> {
  const { claim, stored, place, pool } = parts
  const connection = parts.connection.isOver ? await pool.acquire(parts.work) : parts.connection
  try {
    const storing = connection.run(
      storeAnswer(stored, place.write, { marker: undefined, epoch: parts.epoch }),
    )
    await untilAborted(storing, call.deadline)
    return answer
  } catch (error) {
    if (isKeyConstraint(constraintOf(error))) return await replayWinner(claim, call, { ...parts, connection })
    throw error
  } finally {
    if (connection !== parts.connection) connection.release()
  }
}

/** Replays the answer of the attempt that stored one first. */
async function replayWinner(claim: KeyClaim, call: Call, parts: ClaimedParts): Promise<Answer> {
  await parts.connection.rollBack()
  const connection = parts.connection.isOver ? await parts.pool.acquire(parts.work) : parts.connection
  let winner: AnswerRow | undefined
  try {
    // The conflict was in one of the leaves that this attempt writes to.
    const found = await untilAborted(
      connection.run<AnswerRow>(readAnswer(claim.id, parts.place.write)),
      call.deadline,
    )
    winner = found.rows[0]
  } finally {
    if (connection !== parts.connection) connection.release()
  }
  // The winner has committed and is kept for days: it is missing only if it was just deleted.
  if (!winner) throw IdempotencyKeyInFlight()
  return replay(winner, claim)
}
