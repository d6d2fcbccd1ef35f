import type pg from 'pg'
import { requestCancel } from './cancel.ts'
import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import type { Work } from '../../../kernel/host/work.ts'
import type { StatementObserver } from '../statement/observe-statements.ts'
import type { PreparedStatements } from './prepared-statements.ts'
import { type DriverQuery, type DriverStatement, runQuery, toSendableStatement } from './driver-query.ts'
import { describeFailure } from '../errors/describe-failure.ts'
import { limitStatements } from '../queries/limit-statements.ts'
import { readSchemaEpoch, type SchemaEpochRow } from '../queries/read-schema-epoch.ts'
import {
  isUnavailable,
  mayBeFinal,
  isRetryable,
  isReadOnlyTransaction,
  markDriverError,
  markReadOnlyServer,
  markStalePlan,
  mayComeFromStalePlan,
  isStalePlanError,
} from '../errors/sql-state.ts'
import { type SessionLimits, statementLimitMs } from './session-limits.ts'
import type { DriverClient } from './driver-client.ts'
import type { SessionLifetimes } from './session-lifetimes.ts'
import type { SessionPool } from '../pool/session-pool.ts'
import { SessionReset } from './session-reset.ts'
import { settlesWithinMs, unanswered, withTimeout } from './with-timeout.ts'
import type { Statement } from '../statement/statement.ts'
import { shapeOf } from '../statement/statement-shape.ts'

/** Runs statements: the only interface that a query builder is bound to. */
export interface Queryable {
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    query: DriverQuery,
    values?: unknown[],
  ): Promise<pg.QueryResult<Row>>
}

// Max time for cancelling a statement or for a ROLLBACK, in milliseconds. Then the connection is
// closed.
const timeoutMs = 500
// Interval between cancel requests for a statement that is still running, in milliseconds.
const repeatMs = 100

/** Dependencies of a {@link Connection}. */
export interface ConnectionParts {
  /** The work that the connection is used for. */
  readonly work: Work
  /** The pool that the client is returned to. */
  readonly sessions: Pick<SessionPool, 'release'>
  readonly statements: StatementObserver
  /** Prepares statements that are repeated; `undefined` if nothing is to be prepared. */
  readonly prepared: PreparedStatements | undefined
  /**
   * The statement timeouts of the pool's sessions, for statements outside of transactions;
   * `undefined` behind a pooler, which owns the sessions.
   */
  readonly limits: SessionLimits | undefined
  readonly lifetimes: SessionLifetimes
  /** Whether the pool's sessions are read-only by design. */
  readonly isReadOnly: boolean
  /** Whether the log may contain values of rows and parameters. False in production. */
  readonly showsValues: boolean
}

/**
 * A connection taken out of the pool. Every statement of the framework and of handlers passes
 * through it.
 */
export class Connection implements Queryable {
  readonly #client: DriverClient
  readonly #work: Work
  readonly #sessions: ConnectionParts['sessions']
  readonly #statements: StatementObserver
  readonly #prepared: PreparedStatements | undefined
  readonly #limits: SessionLimits | undefined
  readonly #lifetimes: SessionLifetimes
  readonly #isReadOnly: boolean
  readonly #showsValues: boolean
  readonly #abandon = (): void => this.destroy()
  #running = 0
  #idleListeners: (() => void)[] = []
  #isOver = false
  #hasLeft = false
  /** Whether a handler's statement may have changed the session since the last reset. */
  #isChanged = false
  #needsThoroughReset = false
  /** Whether a handler's statement may have changed the role of the transaction. */
  #hasRole = false
  #reset: SessionReset | undefined
  /**
   * The statement timeout of the last statement outside of a transaction, in milliseconds. The
   * session keeps it.
   */
  #limitMs: number | undefined
  #isPreparing: boolean
  #transientFailure: Error | undefined
  #passingFailure: Error | undefined

  constructor(client: DriverClient, parts: ConnectionParts) {
    const { work, prepared } = parts
    this.#client = client
    this.#work = work
    this.#sessions = parts.sessions
    this.#statements = parts.statements
    this.#prepared = prepared
    this.#limits = parts.limits
    this.#lifetimes = parts.lifetimes
    this.#isReadOnly = parts.isReadOnly
    this.#showsValues = parts.showsValues
    this.#isPreparing = prepared !== undefined
    prepared?.enter(client)
    if (work.isAbandonedAtDeadline === true) work.deadline.addEventListener('abort', this.#abandon)
  }

  /** Runs a statement of a handler. */
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    query: DriverQuery,
    values?: unknown[],
  ): Promise<pg.QueryResult<Row>> {
    const statement = this.#named(query, values)
    this.#change(statement)
    return this.#send<Row>(statement)
  }

  /** Records that a statement may change the session, as any handler statement may. */
  #change({ text }: DriverStatement): void {
    this.#isChanged = true
    const shape = shapeOf(text)
    if (!shape.isPlannable) this.#needsThoroughReset = true
    if (shape.mayChangeRole) this.#hasRole = true
  }

  /**
   * Runs a handler's read outside of a transaction and resets the session, in one round trip. If
   * due, the same round trip sets the statement timeout and checks whether a migration has made
   * prepared statements stale.
   *
   * @param remainingMs how long the caller waits for the statement, in milliseconds.
   */
  async queryAlone<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    { query, values }: { readonly query: DriverQuery; readonly values: unknown[] | undefined },
    remainingMs: number,
  ): Promise<pg.QueryResult<Row>> {
    const statement = this.#named(query, values)
    if (!this.#limits) return this.#readInTransaction<Row>(statement, statementLimitMs(remainingMs))
    const limitMs = statementLimitMs(remainingMs)
    this.#limitMs = limitMs
    this.#change(statement)
    const isLimited = this.#limits.isLimitedTo(this.#client, limitMs)
    const isEpochDue = statement.name !== undefined && this.#prepared?.isDue(this.#client) === true
    if (isLimited && !isEpochDue) return this.pipeline(() => this.#sendAndReset<Row>(statement))
    const [limit, epoch, result] = await this.pipeline(() =>
      Promise.allSettled([
        isLimited ? undefined : this.run(limitStatements(limitMs, 'session')),
        isEpochDue ? this.run<SchemaEpochRow>(readSchemaEpoch()) : undefined,
        this.#sendAndReset<Row>(statement),
      ]),
    )
    // If setting the limit failed, the statement may have run under the previous one.
    if (limit.status === 'rejected') throw limit.reason
    if (epoch.status === 'rejected') throw epoch.reason
    if (epoch.value && this.#prepared?.noteSchemaEpoch(epoch.value.rows[0]!.epoch) === true)
      return this.query<Row>(query, values)
    if (result.status === 'rejected') throw result.reason
    return result.value
  }

  #sendAndReset<Row extends pg.QueryResultRow>(statement: DriverStatement): Promise<pg.QueryResult<Row>> {
    const result = this.#send<Row>(statement)
    this.reset()
    return result
  }

  /**
   * Resets the session after the statements already sent, if a handler's statement may have changed
   * it. Call it within {@link pipeline}, after the statement that ends the transaction. Does
   * nothing behind a pooler: the session may already serve another client.
   */
  reset(): void {
    if (!this.#isChanged || this.#isOver || !this.#limits) return
    this.#isChanged = false
    this.#reset = new SessionReset({
      isThorough: this.#needsThoroughReset,
      statementTimeoutMs: this.#limitMs,
    })
    this.#client.query(this.#reset)
  }

  /**
   * Does the same behind a pooler. Its sessions are neither read-only nor limited, so the statement
   * runs in a read-only transaction with a limit, in one round trip.
   */
  async #readInTransaction<Row extends pg.QueryResultRow>(
    statement: DriverStatement,
    limitMs: number,
  ): Promise<pg.QueryResult<Row>> {
    const [begin, limit, result, end] = await this.pipeline(() =>
      Promise.allSettled([
        this.run({ text: 'BEGIN READ ONLY' }),
        this.run(limitStatements(limitMs, 'transaction')),
        this.#send<Row>(statement),
        this.run({ text: 'COMMIT' }),
      ]),
    )
    if (begin.status === 'rejected') throw begin.reason
    if (limit.status === 'rejected') throw limit.reason
    if (result.status === 'rejected') throw result.reason
    if (end.status === 'rejected') throw end.reason
    return result.value
  }

  #send<Row extends pg.QueryResultRow>(statement: DriverStatement): Promise<pg.QueryResult<Row>> {
    if (this.#isOver) return Promise.reject(callEnded())
    const { text, name, values, calledAt } = statement
    const wasPrepared = name !== undefined && this.#client.connection.parsedStatements[name] !== undefined
    const observed = this.#statements.begin(text, (values?.length ?? 0) > 0, this.#work)
    this.#running += 1
    let interruption: Promise<boolean> | undefined
    const interrupt = (): void => {
      interruption = this.interrupt()
    }
    return runQuery<Row>(this.#client, statement, interrupt).then(
      (result) => {
        observed.end(result.rowCount)
        this.#finishOne()
        return result
      },
      (error: unknown) => {
        markDriverError(error)
        const hasValues = (values?.length ?? 0) > 0
        describeFailure(error, { text, hasValues, calledAt, showsValues: this.#showsValues })
        observed.fail(error)
        if (wasPrepared) this.#doubtPlan(error, text, name)
        if (!this.#isReadOnly && isReadOnlyTransaction(error)) this.#retireSessions(error)
        if (error instanceof Error && (isUnavailable(error) || isRetryable(error))) {
          this.#transientFailure ??= error
        }
        if (error instanceof Error && !mayBeFinal(error)) this.#passingFailure ??= error
        this.#finishOne()
        return this.#failAfter(error, interruption)
      },
    )
  }

  /** Rejects once a cancel request sent in the meantime can no longer hit the next statement. */
  async #failAfter(error: unknown, interruption: Promise<boolean> | undefined): Promise<never> {
    if (interruption && !(await interruption)) this.destroy()
    throw error
  }

  /**
   * Retires the sessions of the pool because this one refuses to write: the server became a
   * standby, or the default of the role or database was read-only when the session started.
   */
  #retireSessions(error: unknown): void {
    markReadOnlyServer(error)
    this.#lifetimes.retireAll()
  }

  /**
   * Retires a prepared statement if it may be stale and may have caused the failure, so that it is
   * prepared again.
   */
  #doubtPlan(error: unknown, text: string, name: string): void {
    if (!(error instanceof Error)) return
    const isStale = isStalePlanError(error)
    if (!isStale && !mayComeFromStalePlan(error)) return
    markStalePlan(error)
    this.#prepared?.retire(text, name)
    if (isStale) this.#prepared?.renew()
  }

  /** Returns the statement of a query, with a name if it is worth preparing. */
  #named(query: DriverQuery, values: readonly unknown[] | undefined): DriverStatement {
    const given: DriverStatement = typeof query === 'string' ? { text: query } : query
    const name = this.#isPreparing ? this.#prepared?.nameOf(given.text, given.name) : undefined
    if (name === given.name && values === undefined) return given
    return { ...given, name, values: values ?? given.values }
  }

  /** Disables prepared statements for this connection, including those already prepared. */
  disablePreparing(): void {
    this.#isPreparing = false
  }

  /** Records the schema epoch in which a transaction of this connection begins. */
  noteSchemaEpoch(epoch: number): void {
    this.#prepared?.noteSchemaEpoch(epoch)
  }

  #finishOne(): void {
    this.#running -= 1
    if (this.#running === 0) for (const tell of this.#idleListeners.splice(0)) tell()
  }

  /** Runs a statement of the framework. */
  run<Row extends pg.QueryResultRow = pg.QueryResultRow>(statement: Statement): Promise<pg.QueryResult<Row>> {
    return this.#send<Row>(this.#named(statement, undefined))
  }

  /**
   * Returns the statements that must precede the framework's own at the end of a transaction: none,
   * or a reset of the role if a handler may have changed it. Deferred triggers run before the
   * reset, as the handler's role.
   */
  get roleReset(): readonly Statement[] {
    return this.#hasRole ? [resetRole] : []
  }

  /** Runs statements of the framework in one round trip. Rejects with the first failure. */
  runTogether(statements: readonly Statement[]): Promise<pg.QueryResult[]> {
    return this.pipeline(() => Promise.all(statements.map((statement) => this.run(statement))))
  }

  /**
   * Sends the statements of the framework that end a transaction, and the reset of the session, in
   * one round trip. Values that cannot be sent are detected before anything is sent: a COMMIT never
   * goes out without the statements before it.
   *
   * @throws HoldfastError `value-not-sendable`.
   */
  flush(statements: readonly Statement[]): Promise<pg.QueryResult>[] {
    const sendable = statements.map(toSendableStatement)
    return this.pipeline(() => {
      const sent = sendable.map((statement) => this.run(statement))
      this.reset()
      return sent
    })
  }

  /** Sends the statements that `begin` starts in one system call and one round trip. */
  pipeline<T>(begin: () => T): T {
    const { stream } = this.#client.connection
    stream.cork()
    try {
      return begin()
    } finally {
      stream.uncork()
    }
  }

  /** `'I'` outside of a transaction, `'T'` in one, `'E'` in a failed one; `null` if unknown. */
  get transactionStatus(): string | null {
    return this.#client.getTransactionStatus()
  }

  /**
   * The first failure that is independent of the statement, such as a lost connection or a
   * deadlock. An answer that a handler derives from it is not final.
   */
  get transientFailure(): Error | undefined {
    return this.#transientFailure
  }

  /**
   * The first failure whose cause may be gone at the next attempt. A problem that a handler derives
   * from it is sent to the client but not stored.
   */
  get passingFailure(): Error | undefined {
    return this.#passingFailure
  }

  /** Whether the connection has been released or closed. */
  get isClosed(): boolean {
    return this.#isOver
  }

  /** Whether the session was lost. */
  get #isBroken(): boolean {
    return this.#client.failure !== undefined
  }

  /** Whether a statement is running. */
  get isBusy(): boolean {
    return this.#running > 0
  }

  /** Interrupts the running statement. Resolves to whether the connection is idle and usable. */
  async interrupt(): Promise<boolean> {
    if (!this.isBusy) return !this.#isBroken
    const { host, port, processID, secretKey, tls } = this.#client
    if (processID === null || secretKey === null) return false
    const atRest = this.whenIdle()
    const giveUpMs = performance.now() + timeoutMs
    // A request that arrives between two statements, or that the statement catches, has no effect.
    while (performance.now() < giveUpMs) {
      // Awaited, so that a late request cannot cancel a statement of the connection's next user.
      if (!(await requestCancel({ host, port, tls, processId: processID, secretKey }))) return false
      if (await settlesWithinMs(atRest, repeatMs)) return !this.#isBroken
    }
    return false
  }

  /** Resolves when no statement is running. */
  async whenIdle(): Promise<void> {
    if (this.isBusy) await new Promise<void>((resolve) => this.#idleListeners.push(resolve))
  }

  /**
   * Rolls the transaction back. Closes the connection if the server does not answer. Never rejects.
   */
  async rollBack(): Promise<void> {
    if (this.#isOver || (this.transactionStatus === 'I' && !this.isBusy)) return
    const isAtRest = await this.interrupt()
    const rolledBack = isAtRest ? this.pipeline(() => this.#rollBackAndReset()) : Promise.reject(unanswered)
    await withTimeout(rolledBack, timeoutMs).catch(() => this.destroy())
  }

  #rollBackAndReset(): Promise<unknown> {
    const rolledBack = this.run({ text: 'ROLLBACK' })
    this.reset()
    return rolledBack
  }

  /** Returns whether the session is alive. Ends its transaction if it has one. */
  async isAlive(): Promise<boolean> {
    await withTimeout(this.run({ text: 'ROLLBACK' }), timeoutMs).catch(() => this.destroy())
    return !this.#isOver
  }

  /**
   * Returns the connection to the pool once its session has been reset. Closes it if it is busy,
   * broken or still in a transaction, or if the reset fails.
   */
  release(): void {
    if (this.isBusy || this.#isBroken || this.transactionStatus !== 'I') return this.destroy()
    // A reset that was sent into a transaction that stayed open has failed.
    if (this.#reset?.hasFailed === true) this.#isChanged = true
    this.reset()
    const reset = this.#reset
    this.#isOver = true
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
    // The driver would wait for running statements before it closes the connection.
    if (!this.#hasLeft) this.#client.connection.stream.destroy()
    this.#leave(true)
  }

  #leave(isLost: boolean): void {
    if (this.#hasLeft) return
    this.#hasLeft = true
    this.#isOver = true
    if (this.#reset) this.#limits?.note(this.#client, this.#reset.statementTimeoutMs)
    this.#work.deadline.removeEventListener('abort', this.#abandon)
    const isOutdated = this.#prepared?.isOutdated(this.#client) === true
    this.#sessions.release(this.#client, isLost || isOutdated || this.#lifetimes.isClosed(this.#client))
  }
}

const resetRole: Statement = {
  text: 'set constraints all immediate; reset session authorization; reset role',
}

function callEnded(): HoldfastError {
  return new HoldfastError(
    'db-used-after-call',
    'A statement was run with the `db` of a call that has ended. Await every statement within the handler.',
  )
}
