import { type Answer, toAnswer } from '../kernel/answer.ts'
import type { Call, Next } from '../kernel/call.ts'
import { untilAborted } from '../kernel/cancellation.ts'
import { ProblemError } from '../kernel/problem.ts'
import type { Connection } from '../postgres/connection.ts'
import { constraintOf } from '../postgres/sql-state.ts'
import { GatheredRows } from '../postgres/gathered-rows.ts'
import { TransactionSession } from '../postgres/transaction-session.ts'
import { commit, commitPatienceMs } from './commit.ts'
import type { KeyClaim } from './key-claim.ts'
import type { AttemptParts } from './mutation-parts.ts'
import { IdempotencyKeyInFlight } from './problems.ts'
import { claim as claimKey, type ClaimRow } from './queries/claim.ts'
import { limit } from './queries/limit.ts'
import { readAnswer } from './queries/read-answer.ts'
import { keyConstraint, storeAnswer, type StoreParameters } from './queries/store-answer.ts'
import { isFinal, replay, type StoredAnswer, toStored } from './stored-answer.ts'
import { transactionAborted, transactionEnded } from './transaction-failures.ts'

// A transaction that hangs between two statements outlives its call by this much, should its process be unable to end it.
const idleGraceMs = 1_000

/**
 * Runs a mutation once, in one transaction: claims the key, runs the handler, stores the answer, commits. Where the key has
 * its answer already, that is given instead. Rejects once nothing of the attempt is left.
 */
export async function attempt(call: Call, next: Next, parts: AttemptParts): Promise<Answer> {
  const connection = await parts.pool.acquire(parts.work)
  try {
    if (!parts.prepares) connection.stopPreparing()
    const { stored, epoch } = await begin(call, connection, parts.claim)
    if (parts.claim && stored) return replay(stored, parts.claim)
    return await runClaimed(call, next, { ...parts, connection, epoch, gathered: new GatheredRows() })
  } finally {
    await connection.rollBack()
    connection.release()
  }
}

interface ClaimedParts extends AttemptParts {
  readonly connection: Connection
  /** The schema epoch that has to hold still until the commit; `undefined` where it does not matter. */
  readonly epoch: number | undefined
  /** What the handler's transaction sets off beside its rows. */
  readonly gathered: GatheredRows
}

/** What a transaction begins with: the answer of a key that has one, and the schema epoch. */
interface Beginning {
  readonly stored?: StoredAnswer
  readonly epoch: number | undefined
}

/** Begins the transaction, in one round trip with its claim. */
async function begin(call: Call, connection: Connection, claim: KeyClaim | undefined): Promise<Beginning> {
  const timeoutMs = Math.max(1, Math.ceil(call.deadline.remainingMs()))
  const idleTimeoutMs = timeoutMs + idleGraceMs
  const limits = { timeoutMs, idleTimeoutMs, lifetimeMs: idleTimeoutMs + commitPatienceMs }
  const first = claim ? claimKey({ ...limits, ...claim }) : limit(limits)
  const begun = connection.together(() =>
    Promise.all([
      connection.run({ text: `BEGIN ISOLATION LEVEL ${call.operation.isolation}` }),
      connection.run<ClaimRow>(first),
    ]),
  )
  const [, { rows }] = await untilAborted(begun, call.deadline)
  const row = rows[0]!
  const epoch = connection.enterSchemaEpoch(row.epoch)
  if (!claim) return { epoch }
  if (row.fingerprint) return { stored: { ...row, fingerprint: row.fingerprint }, epoch }
  if (!row.claimed) throw IdempotencyKeyInFlight()
  return { epoch }
}

async function runClaimed(call: Call, next: Next, parts: ClaimedParts): Promise<Answer> {
  const { claim, running } = parts
  if (!claim) return commitAnswer(await runHandler(call, next, parts), call, parts)
  running.set(claim.lockId, claim)
  try {
    const outcome = await runHandler(call, next, parts).catch(problemOf)
    if (!(outcome instanceof ProblemError)) return await commitAnswer(outcome, call, parts)
    const { transientFailure } = parts.connection
    if (transientFailure !== undefined) throw transientFailure
    await parts.connection.rollBack()
    return await storeProblem(outcome, call, { ...parts, claim })
  } finally {
    running.delete(claim.lockId)
  }
}

/** The problem with which a handler has given its final answer; whatever else it failed with is thrown on. */
function problemOf(error: unknown): ProblemError {
  if (isFinal(error)) return error
  throw error
}

async function runHandler(call: Call, next: Next, parts: ClaimedParts): Promise<Answer> {
  const { connection, bind, gathered, work, foreignCalls } = parts
  const session = new TransactionSession(connection, work, gathered)
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

async function commitAnswer(answer: Answer, call: Call, parts: ClaimedParts): Promise<Answer> {
  const { claim, connection } = parts
  const stored = claim && toStored(answer, claim, parts.form)
  // A handler need not have awaited its last statements; whether they failed counts all the same.
  await untilAborted(connection.settled(), call.deadline)
  call.deadline.throwIfAborted()
  if (connection.transactionStatus === 'E') throw transactionAborted(call.operation)
  if (connection.transactionStatus !== 'T') throw transactionEnded(call.operation)
  try {
    return (await commit(connection, call, { ...parts, stored })) ?? answer
  } catch (error) {
    if (claim && stored && constraintOf(error) === keyConstraint) return replayWinner(claim, call, parts)
    throw error
  }
}

/**
 * Stores a problem of the handler as the key's final answer: by itself, since the transaction that it came from has been
 * rolled back. Another attempt may have come to an answer in between; then that is the final one.
 */
async function storeProblem(
  problem: ProblemError,
  call: Call,
  parts: ClaimedParts & { readonly claim: KeyClaim },
): Promise<Answer> {
  const { claim, problemBase, pool } = parts
  const answer = toAnswer(problem, { requestId: call.requestId, problemBase })
  call.span.set('holdfast.problem.code', problem.code)
  const stored: StoreParameters = toStored(answer, claim, parts.form)
  const connection = parts.connection.isOver ? await pool.acquire(parts.work) : parts.connection
  try {
    await untilAborted(connection.run(storeAnswer(stored, parts.epoch)), call.deadline)
    return answer
  } catch (error) {
    if (constraintOf(error) === keyConstraint)
      return await replayWinner(claim, call, { ...parts, connection })
    throw error
  } finally {
    if (connection !== parts.connection) connection.release()
  }
}

/** The answer of the attempt that was first to store one. */
async function replayWinner(claim: KeyClaim, call: Call, parts: ClaimedParts): Promise<Answer> {
  await parts.connection.rollBack()
  const connection = parts.connection.isOver ? await parts.pool.acquire(parts.work) : parts.connection
  let winner: StoredAnswer | undefined
  try {
    const found = await untilAborted(
      connection.run<StoredAnswer>(readAnswer(claim.scope, claim.key)),
      call.deadline,
    )
    winner = found.rows[0]
  } finally {
    if (connection !== parts.connection) connection.release()
  }
  // The winner was seen committed and is kept for days: it can only be missing if somebody deleted it just now.
  if (!winner) throw IdempotencyKeyInFlight()
  return replay(winner, claim)
}
