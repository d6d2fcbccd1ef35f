import { type Answer, toAnswer } from '../../kernel/operation/answer.ts'
import type { Call, Next } from '../../kernel/call/call.ts'
import { toLogFields } from '../../kernel/base/log.ts'
import { isFinal } from '../../kernel/problem/is-final.ts'
import { ProblemError } from '../../kernel/problem/problem.ts'
import type { Work } from '../../kernel/host/work.ts'
import { DatabaseUnavailable } from '../../storage/postgres/errors/problems.ts'
import { limitTransaction, type TransactionLimits } from '../../storage/postgres/queries/begin-transaction.ts'
import { type InsertPositionRow, readInsertPosition } from '../../storage/replicas/log-position.ts'
import { constraintOf } from '../../storage/postgres/errors/sql-state.ts'
import { Transaction } from '../../storage/postgres/transaction/transaction.ts'
import type { KeyClaim } from './key-claim.ts'
import type { KeyPlace } from './key-ring.ts'
import type { MutationParts } from './mutation-parts.ts'
import { IdempotencyKeyInFlight, OutcomeUnknown } from './problems.ts'
import { type AnswerRow, readAnswer } from './queries/answers.ts'
import { claim as claimKey, claimLock, type ClaimRow, type LockRow } from './queries/claim.ts'
import { isKeyConstraint, storeAnswer } from './queries/store-answer.ts'
import { resolveCommit } from './resolve-commit.ts'
import { type AnsweredKey, replay, restore, type StoredForm, toStored } from './stored-answer.ts'

/*
 * One attempt of a mutation, in one transaction (postgres/transaction.ts):
 *
 *   begin ── stored answer? ───────────────────────────────────────────▶ replay
 *     │  └── lock held? ───────────────────────────────────────────────▶ 409
 *     ▼
 *   handler ── answer ──────────▶ store it, COMMIT ── committed ────────▶ answer
 *     │  │                               │   │
 *     │  └─── final problem ──▶ undo, ───┘   ├─ the key was stored first ▶ replay the winner
 *     │                         store it     └─ unknown ▶ look the key up ▶ stored answer, or 503
 *     └────── other error ─────────────────────────────────────────────▶ roll back, throw
 *
 * Invariants:
 * - An answer is returned as final only if it is committed with its key.
 * - A problem is final only if no statement failed for a transient reason. The handler's effects
 *   are undone before the problem is stored.
 * - If two attempts store an answer for one key, they write to a common leaf. The primary key of
 *   that leaf lets only one of them commit.
 */

/** The dependencies and the key of one attempt. */
export interface AttemptOf {
  /** The key of the call; `undefined` if the call has no key. */
  readonly claim: KeyClaim | undefined
  /** The leaves of the key, in the ring's layout at the start of this attempt. */
  readonly place: KeyPlace
  readonly form: StoredForm
  /** The call's deadline and usage, with the attempt's span. */
  readonly work: Work
}

// Time for which a transaction may stay idle after the call's deadline. After that, Postgres ends
// the transaction if the process has not.
const idleGraceMs = 1_000
/**
 * Min timeout of a COMMIT, in milliseconds. After this time, the connection is closed and the
 * outcome is looked up.
 */
const leastCommitMs = 5_000
// Min timeout for looking up the outcome, even after the call's deadline.
const minResolutionMs = 2_000

/** Runs a mutation once. Use an attempt only once. */
export class MutationAttempt {
  readonly #call: Call
  readonly #parts: MutationParts
  readonly #claim: KeyClaim | undefined
  readonly #place: KeyPlace
  readonly #form: StoredForm
  readonly #work: Work
  readonly #transaction: Transaction

  constructor(call: Call, parts: MutationParts, { claim, place, form, work }: AttemptOf) {
    this.#call = call
    this.#parts = parts
    this.#claim = claim
    this.#place = place
    this.#form = form
    this.#work = work
    this.#transaction = new Transaction(parts.pool, work, {
      limits: limitsOf(call),
      owner: call.operation,
      tenant: parts.hasTenants ? call.caller.tenant : undefined,
    })
  }

  /**
   * Claims the key, runs the handler, stores the answer and commits; or replays the key's stored
   * answer. Returns `undefined`, without running the handler, if the layout of the stored keys has
   * changed. Rolls back a transaction that is still open before the returned promise settles.
   */
  async run(next: Next): Promise<Answer | undefined> {
    try {
      const claim = this.#claim
      if (!claim) {
        await this.#beginWithoutKey()
        return await this.#commit(await this.#runHandler(next), undefined)
      }
      const row = await this.#begin(claim)
      if (!row) return undefined
      const { fingerprint } = row
      if (fingerprint) return replay({ ...row, fingerprint }, claim, this.#parts.seal)
      if (!row.claimed) throw IdempotencyKeyInFlight()
      return await this.#runClaimed(next, claim)
    } finally {
      await this.#transaction.close()
    }
  }

  #beginWithoutKey(): Promise<unknown> {
    const { limits, marker } = this.#transaction
    return this.#transaction.begin({
      isolation: this.#call.operation.isolation,
      first: limitTransaction(limits, marker),
    })
  }

  /**
   * Begins the transaction and claims the key, in one round trip. Returns `undefined` if the key
   * was looked up in an outdated layout of the ring.
   */
  async #begin(claim: KeyClaim): Promise<ClaimRow | undefined> {
    const row = await (this.#call.operation.isolation === 'serializable'
      ? this.#beginSerializable(claim)
      : this.#beginAndRead(claim))
    const { ring } = this.#parts
    const isPlaced = ring.correct(row.now_ms)
    return isPlaced && ring.epoch === row.epoch ? row : undefined
  }

  async #beginAndRead({ lockId, id }: KeyClaim): Promise<ClaimRow> {
    const { limits, marker } = this.#transaction
    const { first } = await this.#transaction.begin<ClaimRow>({
      isolation: this.#call.operation.isolation,
      first: claimKey({ limits, marker, lockId, id, read: this.#place.read }),
    })
    return first
  }

  /**
   * Reads the answer before BEGIN, as a separate statement. In a serializable transaction, this
   * read would conflict with mutations whose keys are on the same index page. If another attempt
   * commits an answer after this read, storing this attempt's answer violates the primary key.
   */
  async #beginSerializable({ lockId, id }: KeyClaim): Promise<ClaimRow> {
    const { limits, marker } = this.#transaction
    const { read } = this.#place
    const { before, first } = await this.#transaction.begin<LockRow, AnswerRow>({
      isolation: 'serializable',
      before: readAnswer(id, read),
      first: claimLock({ limits, marker, lockId, id, read }),
      isUndoable: true,
    })
    return { ...noAnswer, ...before[0], ...first }
  }

  async #runClaimed(next: Next, claim: KeyClaim): Promise<Answer> {
    const { running } = this.#parts
    running.set(claim.lockId, claim)
    try {
      // The subjects are computed before the handler runs, since it may change its input.
      const key = { claim, subjects: this.#parts.subjectsOf(this.#call), form: this.#form }
      const outcome = await this.#runHandler(next).catch(problemOf)
      return outcome instanceof ProblemError
        ? await this.#refuse(outcome, key)
        : await this.#commit(outcome, key)
    } finally {
      running.delete(claim.lockId)
    }
  }

  async #runHandler(next: Next): Promise<Answer> {
    const { bind, externalCalls, recordTrail } = this.#parts
    const call = this.#call
    const bound = bind(this.#transaction)
    call.effects = bound
    const run = (): Answer | Promise<Answer> => {
      call.db = bound.db
      return next(call)
    }
    try {
      const answer = await externalCalls.within({ operation: call.operation.name }, () => bound.within(run))
      recordTrail?.(this.#transaction, call, answer)
      return answer
    } finally {
      this.#transaction.end()
    }
  }

  /**
   * Stores a problem as the key's final answer. Does not store it if a statement has failed for a
   * transient reason: that failure may have caused the problem, so a retry must run again.
   */
  async #refuse(problem: ProblemError, key: AnsweredKey): Promise<Answer> {
    const { transientFailure, passingFailure } = this.#transaction
    if (transientFailure !== undefined) throw transientFailure
    if (passingFailure !== undefined) throw problem
    this.#transaction.rejectEnded()
    const { requestId, span, operation } = this.#call
    const answer = toAnswer(problem, { requestId, problemTypeBase: this.#parts.problemTypeBase })
    span.set('holdfast.problem.code', problem.code)
    // The reads of a serializable transaction are valid only if it commits. So the transaction
    // itself stores the problem.
    if (operation.isolation === 'serializable') return this.#commit(answer, key, true)
    return this.#storeAlone(answer, key)
  }

  /** Stores a problem after its transaction was rolled back. */
  async #storeAlone(answer: Answer, key: AnsweredKey): Promise<Answer> {
    const { epoch } = this.#transaction.check
    const stored = toStored(answer, key)
    try {
      await this.#transaction.runAfterRollBack(
        storeAnswer(stored, this.#place.write, { marker: undefined, epoch }),
      )
      return answer
    } catch (error) {
      return this.#replayWinner(error)
    }
  }

  /**
   * Stores the answer and commits, in one round trip.
   *
   * @param key the key of the answer; `undefined` if the call has no key.
   * @param isUndone true to undo the handler's effects first.
   */
  async #commit(answer: Answer, key: AnsweredKey | undefined, isUndone = false): Promise<Answer> {
    const stored = key && toStored(answer, key)
    const outcome = await this.#transaction.tryCommit({
      ...(stored ? { last: (check) => [storeAnswer(stored, this.#place.write, check)] } : {}),
      isUndone,
      ...(this.#parts.reportsPosition ? { after: readInsertPosition() } : {}),
      wait: {
        clock: this.#parts.clock,
        timeoutMs: Math.max(leastCommitMs, this.#call.deadline.remainingMs()),
      },
    })
    switch (outcome.state) {
      case 'committed':
        if (outcome.after?.status === 'fulfilled')
          this.#call.position = (outcome.after.value.rows[0] as InsertPositionRow | undefined)?.position
        return answer
      case 'rolled back':
        return this.#replayWinner(outcome.error)
      case 'unknown':
        return this.#resolve(outcome.error)
    }
  }

  /**
   * Replays the answer that another attempt stored first. Rethrows the error if no such answer
   * caused it.
   */
  async #replayWinner(error: unknown): Promise<Answer> {
    const claim = this.#claim
    if (!claim || !isKeyConstraint(constraintOf(error))) throw error
    // The conflict was in one of this attempt's leaves.
    const [winner] = await this.#transaction.runAfterRollBack<AnswerRow>(
      readAnswer(claim.id, this.#place.write),
    )
    // The winner's answer was committed, and answers are kept for days. So it can be missing only
    // if it was deleted a moment ago.
    if (!winner) throw IdempotencyKeyInFlight()
    return replay(winner, claim, this.#parts.seal)
  }

  /** Looks up the outcome of a commit whose reply was lost. */
  async #resolve(error: unknown): Promise<Answer> {
    const claim = this.#claim
    const { log, deadline } = this.#call
    log.warn({ error: toLogFields(error) }, 'connection lost during a commit')
    if (!claim) throw OutcomeUnknown()
    const { pool, ring, clock } = this.#parts
    const timeoutMs = Math.max(minResolutionMs, deadline.remainingMs())
    const stored = await resolveCommit(claim, { pool, ring, clock, log, timeoutMs, ...this.#work })
    if (!stored) {
      throw DatabaseUnavailable({
        detail: 'The connection was lost during the commit, and the transaction was rolled back.',
      })
    }
    log.info('the connection was lost during the commit, but the transaction was committed')
    this.#transaction.gathered.committed()
    return restore(stored, claim, this.#parts.seal)
  }
}

function limitsOf({ deadline }: Call): TransactionLimits {
  const statementMs = Math.max(1, Math.ceil(deadline.remainingMs()))
  const idleMs = statementMs + idleGraceMs
  return { statementMs, idleMs, lifetimeMs: idleMs + leastCommitMs }
}

/** Returns the error if it is a final answer; otherwise rethrows it. */
function problemOf(error: unknown): ProblemError {
  if (isFinal(error)) return error
  throw error
}

const noAnswer = { fingerprint: null, status: 0, headers: {}, body: null }
