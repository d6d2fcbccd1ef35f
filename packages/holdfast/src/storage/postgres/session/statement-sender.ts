import type pg from 'pg'
import type { Work } from '../../../kernel/host/work.ts'
import { describeFailure } from '../errors/describe-failure.ts'
import {
  isReadOnlyTransaction,
  isStatementUnknown,
  isUnavailable,
  isRetryable,
  markDriverError,
  markReadOnlyServer,
  markStalePlan,
  mayBeFinal,
  mayComeFromStalePlan,
} from '../errors/sql-state.ts'
import type { StatementObserver } from '../statement/observe-statements.ts'
import { settlesWithin } from '../../../kernel/base/wait.ts'
import { OutgoingStatement } from '../wire/outgoing-statement.ts'
import { StatementSkipped } from '../wire/statement-skipped.ts'
import { requestCancel } from './cancel.ts'
import type { DriverClient } from './driver-client.ts'
import { type DriverQuery, type DriverStatement, toSendable } from './driver-query.ts'
import type { PreparedStatements } from './prepared-statements.ts'
import type { SessionLifetimes } from './session-lifetimes.ts'

/*
 * Sends the statements of one use of a session: names the statements that are worth preparing,
 * observes each statement, classifies failures, and interrupts the running statement.
 *
 * Invariants:
 * - An interrupted statement settles only when its cancel request can no longer cancel a later
 *   statement. If this cannot be determined, the connection is closed.
 * - A failure is classified before the caller gets it: as a failure of the connection, as
 *   transient, or as possibly caused by a stale prepared statement.
 */

/** Dependencies of a {@link StatementSender}. */
export interface SenderParts {
  /** The work that the statements belong to. */
  readonly work: Work
  readonly statements: StatementObserver
  /** Prepares repeated statements; `undefined` if no statement is prepared. */
  readonly prepared: PreparedStatements | undefined
  readonly lifetimes: SessionLifetimes
  /** True if the pool's sessions are read-only by design. */
  readonly isReadOnly: boolean
  /** True if the log may contain values of rows and parameters. False in production. */
  readonly showsValues: boolean
}

// Max time for interrupting a statement, in milliseconds.
const giveUpMs = 500
// Interval between cancel requests for a statement that is still running, in milliseconds.
const repeatMs = 100

/** Sends statements over one session. */
export class StatementSender {
  readonly #client: DriverClient
  readonly #parts: SenderParts
  readonly #connection: { destroy(): void }
  #running = 0
  #idleListeners: (() => void)[] = []
  #hasLostStatements = false
  #transientFailure: Error | undefined
  #passingFailure: Error | undefined

  /** `connection` is closed if an interrupted statement does not end. */
  constructor(client: DriverClient, parts: SenderParts, connection: { destroy(): void }) {
    this.#client = client
    this.#parts = parts
    this.#connection = connection
  }

  /** The first failure that is independent of the statement. */
  get transientFailure(): Error | undefined {
    return this.#transientFailure
  }

  /** The first failure whose cause may be gone at the next attempt. */
  get passingFailure(): Error | undefined {
    return this.#passingFailure
  }

  /** True if the session has lost its prepared statements and must not be reused. */
  get hasLostStatements(): boolean {
    return this.#hasLostStatements
  }

  /** True if a statement is running. */
  get isBusy(): boolean {
    return this.#running > 0
  }

  /** Resolves when no statement is running. */
  async whenIdle(): Promise<void> {
    if (this.isBusy) await new Promise<void>((resolve) => this.#idleListeners.push(resolve))
  }

  /** Returns the statement of a query, with a name if it is worth preparing. */
  named(query: DriverQuery, values: readonly unknown[] | undefined): DriverStatement {
    const given: DriverStatement = typeof query === 'string' ? { text: query } : query
    const name = this.#parts.prepared?.nameOf(given.text, given.name)
    if (name === given.name && values === undefined) return given
    return { ...given, name, values: values ?? given.values }
  }

  /**
   * Sends a statement.
   *
   * @param sendable the values, if they are already serialized.
   */
  send<Row extends pg.QueryResultRow>(
    statement: DriverStatement,
    sendable?: readonly unknown[],
  ): Promise<pg.QueryResult<Row>> {
    const { text, name, values } = statement
    const { wire } = this.#client
    const wasPrepared = name !== undefined && wire.hasPrepared(name)
    const observed = this.#parts.statements.begin(text, (values?.length ?? 0) > 0, this.#parts.work)
    this.#running += 1
    let interruption: Promise<boolean> | undefined
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        this.#classify(error, statement, wasPrepared)
        observed.fail(error)
        this.#finishOne()
        if (interruption) void this.#failAfter(error, interruption).catch(reject)
        else reject(error)
      }
      const succeed = (result: pg.QueryResult): void => {
        observed.end(result.rowCount)
        this.#finishOne()
        resolve(result as pg.QueryResult<Row>)
      }
      try {
        wire.send(
          new OutgoingStatement(statement, {
            values: sendable ?? toSendable(values),
            receiver: { succeed, fail },
            tooManyRows: () => void (interruption = this.interrupt()),
          }),
        )
      } catch (error) {
        fail(error as Error)
      }
    })
  }

  #classify(error: unknown, { text, name, values, calledAt }: DriverStatement, wasPrepared: boolean): void {
    markDriverError(error)
    const hasValues = (values?.length ?? 0) > 0
    describeFailure(error, { text, hasValues, calledAt, showsValues: this.#parts.showsValues })
    // The error of a skipped statement is ignored, because the failure of an earlier statement
    // caused it.
    if (!(error instanceof Error) || error instanceof StatementSkipped) return
    if (wasPrepared) this.#doubtPlan(error, text, name!)
    if (!this.#parts.isReadOnly && isReadOnlyTransaction(error)) this.#retireSessions(error)
    if (isUnavailable(error) || isRetryable(error)) this.#transientFailure ??= error
    if (!mayBeFinal(error)) this.#passingFailure ??= error
  }

  /**
   * Retires the sessions of the pool, because this session refuses to write. Either the server
   * became a standby, or the default of the role or database was read-only when the session
   * started.
   */
  #retireSessions(error: Error): void {
    markReadOnlyServer(error)
    this.#parts.lifetimes.retireAll()
  }

  /**
   * Marks a failure that a stale prepared statement may have caused, so that the attempt is
   * repeated. Retires the prepared statement.
   */
  #doubtPlan(error: Error, text: string, name: string): void {
    if (isStatementUnknown(error)) this.#hasLostStatements = true
    else if (mayComeFromStalePlan(error)) this.#parts.prepared?.retire(text, name)
    else return
    markStalePlan(error)
  }

  #finishOne(): void {
    this.#running -= 1
    if (this.#running === 0) for (const resolve of this.#idleListeners.splice(0)) resolve()
  }

  /**
   * Rejects with the error, but first waits until a pending cancel request can no longer cancel the
   * next statement.
   */
  async #failAfter(error: unknown, interruption: Promise<boolean>): Promise<never> {
    if (!(await interruption)) this.#connection.destroy()
    throw error
  }

  /** Interrupts the running statement. Resolves to true if the session is then idle and usable. */
  async interrupt(): Promise<boolean> {
    if (!this.isBusy) return this.#client.failure === undefined
    const { host, port, processID, secretKey, tls } = this.#client
    if (processID === null || secretKey === null) return false
    const atRest = this.whenIdle()
    const endMs = performance.now() + giveUpMs
    // A cancel request has no effect if it arrives between two statements, or if a function catches
    // the cancellation.
    while (performance.now() < endMs) {
      // The request is awaited, so that a late request cannot cancel a statement of the
      // connection's next user.
      if (!(await requestCancel({ host, port, tls, processId: processID, secretKey }))) return false
      if (await settlesWithin(atRest, repeatMs)) return this.#client.failure === undefined
    }
    return false
  }
}
