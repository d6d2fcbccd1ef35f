import type pg from 'pg'
import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import type { SessionPool } from '../pool/session-pool.ts'
import { limitStatements } from '../queries/limit-statements.ts'
import { readSchemaEpoch, type SchemaEpochRow } from '../queries/read-schema-epoch.ts'
import type { Statement } from '../statement/statement.ts'
import type { DriverClient } from './driver-client.ts'
import { closeSocket } from './driver-internals.ts'
import { type DriverQuery, type DriverStatement, toSendable } from './driver-query.ts'
import { answerWithin, unanswered } from './answer-within.ts'
import { type AskedQuery, readInTransaction } from './pooled-read.ts'
import { SessionChanges } from './session-changes.ts'
import { type SessionLimits, statementLimitMs } from './session-limits.ts'
import { type SenderParts, StatementSender } from './statement-sender.ts'

/*
 * One use of a pooled session, from `acquire` to `release`. Every statement of the framework and of
 * handlers passes through it:
 *
 *   acquire ──▶ statements (statement-sender.ts) ──▶ reset of what handlers changed
 *                                                    (session-changes.ts)
 *                                                          │ confirmed ──▶ back to the pool
 *                                                          └ failed, busy, broken or in a
 *                                                            transaction ──▶ closed
 *
 * Invariants:
 * - After `release` or `destroy`, the connection sends nothing.
 * - The pool gets back only a session that is idle, outside of a transaction, and reset. Any other
 *   session is closed.
 */

/** Runs statements. A query builder is bound only to this interface. */
export interface Queryable {
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    query: DriverQuery,
    values?: unknown[],
  ): Promise<pg.QueryResult<Row>>
}

// Max time for a ROLLBACK or a reset, in milliseconds. After this time, the connection is closed.
const timeoutMs = 500

/** Dependencies of a {@link Connection}. */
export interface ConnectionParts extends SenderParts {
  /** The pool that the client returns to. */
  readonly sessions: Pick<SessionPool, 'release'>
  /**
   * The statement timeouts of the pool's sessions, for statements outside of transactions;
   * `undefined` behind a pooler, which owns the sessions.
   */
  readonly limits: SessionLimits | undefined
}

/** The statement of a handler's read, and what its session needs before the statement. */
interface AloneStatement {
  readonly statement: DriverStatement
  /** The timeout that the statement needs, in milliseconds. */
  readonly limitMs: number
  /** True if the session has this timeout already. */
  readonly isLimited: boolean
  /** True if the schema epoch must be read. */
  readonly isEpochDue: boolean
}

/** A connection taken out of the pool. */
export class Connection implements Queryable {
  readonly #client: DriverClient
  readonly #parts: ConnectionParts
  readonly #sender: StatementSender
  readonly #changes = new SessionChanges()
  readonly #abandon = (): void => this.destroy()
  #isClosed = false
  #hasLeft = false

  constructor(client: DriverClient, parts: ConnectionParts) {
    const { work, prepared } = parts
    this.#client = client
    this.#parts = parts
    this.#sender = new StatementSender(client, parts, this)
    prepared?.enter(client)
    if (work.isAbandonedAtDeadline === true) work.deadline.addEventListener('abort', this.#abandon)
  }

  /** Runs a handler's statement. */
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    query: DriverQuery,
    values?: unknown[],
  ): Promise<pg.QueryResult<Row>> {
    const statement = this.#sender.named(query, values)
    this.#changes.note(statement.text)
    return this.#send<Row>(statement)
  }

  /** Runs a statement of the framework. */
  run<Row extends pg.QueryResultRow = pg.QueryResultRow>(statement: Statement): Promise<pg.QueryResult<Row>> {
    return this.#send<Row>(this.#sender.named(statement, undefined))
  }

  #send<Row extends pg.QueryResultRow>(
    statement: DriverStatement,
    sendable?: readonly unknown[],
  ): Promise<pg.QueryResult<Row>> {
    return this.#isClosed ? Promise.reject(callEnded()) : this.#sender.send<Row>(statement, sendable)
  }

  /**
   * Runs a handler's read outside of a transaction and resets the session, in one round trip. If
   * necessary, the same round trip also sets the statement timeout, and checks if a migration has
   * made prepared statements stale.
   *
   * @param remainingMs the time that the caller waits for the statement, in milliseconds.
   */
  queryAlone<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    asked: AskedQuery,
    remainingMs: number,
  ): Promise<pg.QueryResult<Row>> {
    const { limits, prepared } = this.#parts
    const limitMs = statementLimitMs(remainingMs)
    if (!limits) return readInTransaction<Row>(this, asked, limitMs)
    const statement = this.#sender.named(asked.query, asked.values)
    this.#changes.limitMs = limitMs
    this.#changes.note(statement.text)
    const isLimited = limits.isLimitedTo(this.#client, limitMs)
    const isEpochDue = statement.name !== undefined && prepared?.isDue(this.#client) === true
    if (isLimited && !isEpochDue) {
      return this.pipeline(() => this.#sendAndReset<Row>(statement, asked.scope))
    }
    return this.#queryAfterSettings<Row>(asked, { statement, limitMs, isLimited, isEpochDue })
  }

  async #queryAfterSettings<Row extends pg.QueryResultRow>(
    { query, values, scope }: AskedQuery,
    { statement, limitMs, isLimited, isEpochDue }: AloneStatement,
  ): Promise<pg.QueryResult<Row>> {
    const { prepared } = this.#parts
    const [limit, epoch, result] = await this.pipeline(() =>
      Promise.allSettled([
        isLimited ? undefined : this.run(limitStatements(limitMs, 'session')),
        isEpochDue ? this.run<SchemaEpochRow>(readSchemaEpoch()) : undefined,
        this.#sendAndReset<Row>(statement, scope),
      ]),
    )
    // If setting the limit failed, the statement may have run under the previous limit.
    if (limit.status === 'rejected') throw limit.reason
    if (epoch.status === 'rejected') throw epoch.reason
    if (epoch.value && prepared?.noteSchemaEpoch(epoch.value.rows[0]!.epoch) === true) {
      const again = this.#sender.named(query, values)
      this.#changes.note(again.text)
      return this.pipeline(() => this.#sendAndReset<Row>(again, scope))
    }
    if (result.status === 'rejected') throw result.reason
    return result.value
  }

  #sendAndReset<Row extends pg.QueryResultRow>(
    statement: DriverStatement,
    scope: Statement | undefined,
  ): Promise<pg.QueryResult<Row>> {
    const result = scope ? this.#sendScoped<Row>(statement, scope) : this.#send<Row>(statement)
    this.reset()
    return result
  }

  /** Sends a statement in one implicit transaction with the statement that sets its scope. */
  async #sendScoped<Row extends pg.QueryResultRow>(
    statement: DriverStatement,
    scope: Statement,
  ): Promise<pg.QueryResult<Row>> {
    const sent = this.#client.wire.group(() => [this.run(scope), this.#send<Row>(statement)] as const)
    const [, result] = await Promise.all(sent)
    return result
  }

  /**
   * Sends a reset of the session if a handler's statement may have changed the session. The reset
   * runs after all statements sent so far. Call it within {@link pipeline}, after the statement
   * that ends the transaction. Does nothing behind a pooler: the session may already serve another
   * client.
   */
  reset(): void {
    if (!this.#isClosed && this.#parts.limits) this.#changes.reset(this.#client)
  }

  /**
   * Records the schema epoch in which a transaction of this connection begins. Returns whether the
   * epoch has changed.
   */
  noteSchemaEpoch(epoch: number): boolean {
    return this.#parts.prepared?.noteSchemaEpoch(epoch) === true
  }

  /**
   * The statements to run before the framework's own statements at the end of a transaction. They
   * reset the role if a handler may have changed it; otherwise the list is empty. Deferred triggers
   * run before the reset, as the handler's role.
   */
  get roleReset(): readonly Statement[] {
    return this.#changes.roleReset
  }

  /**
   * Runs statements of the framework in one round trip. If one fails, the rest of its group is
   * skipped. Rejects with the first failure.
   *
   * @param along sends more statements in the last group. Default: none.
   */
  runTogether(groups: readonly (readonly Statement[])[], along?: () => void): Promise<pg.QueryResult[]> {
    return this.pipeline(() =>
      Promise.all(
        groups.flatMap((group, index) =>
          this.#client.wire.group(() => {
            const sent = group.map((statement) => this.run(statement))
            if (index === groups.length - 1) along?.()
            return sent
          }),
        ),
      ),
    )
  }

  /**
   * Sends, in one round trip, the framework's statements that end a transaction, then the statement
   * `after`, and then the reset of the session. Values that cannot be sent are detected before
   * anything is sent. Otherwise, COMMIT could be sent without the statements before it.
   *
   * @param last the statements of the transaction; the last one is COMMIT. If a statement fails,
   * the statements after it are skipped, and the transaction stays open as a failed transaction.
   * @throws HoldfastError `value-not-sendable`.
   */
  flush(last: readonly Statement[], after?: Statement): Promise<pg.QueryResult>[] {
    const values = last.map((statement) => toSendable(statement.values))
    const valuesAfter = toSendable(after?.values)
    return this.pipeline(() => {
      const sent = this.#client.wire.group(() =>
        last.map((statement, index) => this.#sendSerialized(statement, values[index])),
      )
      // This statement is in a separate group, so that the server confirms COMMIT before it runs
      // the statement.
      if (after) sent.push(this.#sendSerialized(after, valuesAfter))
      this.reset()
      return sent
    })
  }

  #sendSerialized(statement: Statement, values: readonly unknown[] | undefined): Promise<pg.QueryResult> {
    return this.#send(this.#sender.named(statement, undefined), values)
  }

  /** Sends, in one system call and one round trip, the statements that `begin` starts. */
  pipeline<T>(begin: () => T): T {
    return this.#client.wire.together(begin)
  }

  /**
   * `'I'` outside of a transaction, `'T'` in a transaction, `'E'` in a failed transaction; `null`
   * if unknown.
   */
  get transactionStatus(): string | null {
    return this.#client.wire.transactionStatus
  }

  /**
   * The first failure that is independent of the statement, such as a lost connection or a
   * deadlock. An answer that a handler derives from it is not final.
   */
  get transientFailure(): Error | undefined {
    return this.#sender.transientFailure
  }

  /**
   * The first failure whose cause may be gone at the next attempt. A problem that a handler derives
   * from it is sent to the client but not stored.
   */
  get passingFailure(): Error | undefined {
    return this.#sender.passingFailure
  }

  /** True if the connection has been released or closed. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  /** True if the session was lost. */
  get #isBroken(): boolean {
    return this.#client.failure !== undefined
  }

  /** True if a statement is running. */
  get isBusy(): boolean {
    return this.#sender.isBusy
  }

  /**
   * Interrupts the running statement. Resolves to true if the connection is then idle and usable.
   */
  interrupt(): Promise<boolean> {
    return this.#sender.interrupt()
  }

  /** Resolves when no statement is running. */
  whenIdle(): Promise<void> {
    return this.#sender.whenIdle()
  }

  /**
   * Rolls the transaction back. Closes the connection if the server does not answer. Never rejects.
   */
  async rollBack(): Promise<void> {
    if (this.#isClosed || (this.transactionStatus === 'I' && !this.isBusy)) return
    const isAtRest = await this.interrupt()
    const rolledBack = isAtRest ? this.pipeline(() => this.#rollBackAndReset()) : Promise.reject(unanswered)
    await answerWithin(rolledBack, { timeoutMs }).catch(() => this.destroy())
  }

  #rollBackAndReset(): Promise<unknown> {
    const rolledBack = this.run({ text: 'ROLLBACK' })
    this.reset()
    return rolledBack
  }

  /**
   * Returns whether the session is alive. If the session is in a transaction, ends the transaction.
   */
  async isAlive(): Promise<boolean> {
    await answerWithin(this.run({ text: 'ROLLBACK' }), { timeoutMs }).catch(() => this.destroy())
    return !this.#isClosed
  }

  /**
   * Returns the connection to the pool once its session has been reset. Closes the connection if it
   * is busy, broken or still in a transaction, or if the reset fails.
   */
  release(): void {
    if (this.isBusy || this.#isBroken || this.transactionStatus !== 'I') return this.destroy()
    this.#changes.repeatFailedReset()
    this.reset()
    const reset = this.#changes.lastReset
    this.#isClosed = true
    if (!reset || reset.hasSucceeded) return this.#leave(false)
    const giveUp = setTimeout(this.#abandon, timeoutMs)
    reset.whenSettled((hasSucceeded) => {
      clearTimeout(giveUp)
      if (hasSucceeded) this.#leave(false)
      else this.destroy()
    })
  }

  /** Closes the connection. The server rolls back the open transaction. */
  destroy(): void {
    if (!this.#hasLeft) closeSocket(this.#client)
    this.#leave(true)
  }

  #leave(isLost: boolean): void {
    if (this.#hasLeft) return
    this.#hasLeft = true
    this.#isClosed = true
    const { work, limits, prepared, lifetimes, sessions } = this.#parts
    const reset = this.#changes.lastReset
    if (reset) limits?.note(this.#client, reset.statementTimeoutMs)
    work.deadline.removeEventListener('abort', this.#abandon)
    const isOutdated = prepared?.isOutdated(this.#client) === true
    sessions.release(
      this.#client,
      isLost || isOutdated || this.#sender.hasLostStatements || lifetimes.isExpired(this.#client),
    )
  }
}

function callEnded(): HoldfastError {
  return new HoldfastError(
    'db-used-after-call',
    'A statement was run with the `db` of a call that has ended. Await every statement within the handler.',
  )
}
