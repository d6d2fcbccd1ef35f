import type pg from 'pg'
import { abortable } from '../../../kernel/base/cancellation.ts'
import type { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import type { Work } from '../../../kernel/host/work.ts'
import type { Pool } from '../pool/pool.ts'
import { beginStatement, limitTransaction, type TransactionLimits } from '../queries/begin-transaction.ts'
import { checkTransaction, type TransactionCheck } from '../queries/check-transaction.ts'
import type { SchemaEpochRow } from '../queries/read-schema-epoch.ts'
import { setTenant } from '../queries/set-tenant.ts'
import type { Connection } from '../session/connection.ts'
import type { DriverQuery, DriverStatement } from '../session/driver-query.ts'
import { withInserts } from '../statement/join-inserts.ts'
import type { Statement } from '../statement/statement.ts'
import { answerWithin } from '../session/answer-within.ts'
import { type CommitOutcome, readOutcome } from './commit-outcome.ts'
import { GatheredRows } from './gathered-rows.ts'
import type { HandlerSession } from './handler-session.ts'
import { hasRunAsWritten, toHandlerStatement } from './handler-statement.ts'
import {
  transactionAborted,
  transactionEnded,
  transactionOver,
  type TransactionOwner,
} from './transaction-failures.ts'
import type { Commit, Opened, Opening, TransactionOptions } from './transaction-options.ts'

/*
 * One Postgres transaction. All mutations, jobs, steps and background tasks of the framework use
 * it.
 *
 *        begin(), or the first statement              end()
 *   new ────────────────────────────────▶ open ──────────────────▶ over
 *    │                                     │                        │
 *    │                                     ├──────── tryCommit() ───┤
 *    │                                     │                        │
 *    │                                     │           ┌────────────┼─────────────┐
 *    │                                     │           ▼            ▼             ▼
 *    └──────────── close() ────────────────┴────▶ rolled back   committed      unknown
 *
 *   committed    The server has confirmed COMMIT by its command tag. The effects, and all rows that
 *                were gathered in it, are stored.
 *   rolled back  COMMIT was not sent, or the server has refused it, or has answered it with
 *                ROLLBACK. Nothing is stored, and nothing will be: `close` ends what is still open.
 *   unknown      COMMIT was sent and not answered. The connection is closed, and the transaction
 *                may have committed, or may still commit. Only the stored rows show whether it
 *                has committed.
 *
 * Invariants:
 * - It holds a connection only from its beginning until `close`. `close` never rejects, and leaves
 *   the pool a session without a transaction, or closes the session.
 * - BEGIN, the limits, the marker, the tenant and the read of the schema epoch are sent in one
 *   round trip with one Sync. If the first statement of the handler begins the transaction, it is
 *   sent with them. The gathered rows, the last statements, the check and COMMIT are also sent in
 *   one round trip with one Sync, in this order. If a statement fails, the server skips all
 *   statements after it, including COMMIT. A value that cannot be sent is refused before anything
 *   is sent.
 * - The isolation level, the limits and the tenant are stated at BEGIN, never inherited. With the
 *   limits, Postgres ends the transaction if the process cannot.
 * - It commits only if no statement has ended it (checked with the marker), and if no migration was
 *   committed after it began (checked with the epoch). All statements of its handler must have
 *   settled, and none of them may have failed outside of a savepoint.
 * - After `end`, it accepts no statement of its handler.
 */

const commitStatement: Statement = { name: 'holdfast_commit', text: 'COMMIT' }
const startSavepoint: Statement = { name: 'holdfast_savepoint', text: 'SAVEPOINT holdfast_start' }
const undoAll: readonly Statement[] = [{ text: 'ROLLBACK TO SAVEPOINT holdfast_start' }]
const none: readonly Statement[] = []

/**
 * A transaction that begins with its first statement, or when {@link Transaction.begin} is called.
 */
export class Transaction implements HandlerSession {
  static #count = 0
  readonly gathered: GatheredRows = new GatheredRows()
  readonly work: Work
  readonly limits: TransactionLimits
  readonly tenant: string | undefined
  /** Distinguishes the transaction from the next transaction in the same session. */
  readonly marker: string = String((Transaction.#count += 1))
  readonly #pool: Pool
  readonly #owner: TransactionOwner | undefined
  readonly #isChecked: boolean
  #beginning: Promise<unknown> | undefined
  #connection: Connection | undefined
  #epoch: number | undefined
  #hasBegun = false
  #isOver = false
  #wasEnded = false
  #isClosed = false

  constructor(pool: Pool, work: Work, { limits, owner, tenant, isChecked = true }: TransactionOptions) {
    this.#pool = pool
    this.work = work
    this.limits = limits
    this.tenant = tenant
    this.#owner = owner
    this.#isChecked = isChecked
  }

  get isClosed(): boolean {
    return this.#isOver
  }

  /** True if the transaction has begun or is about to begin, and its handler has not ended. */
  get isOpen(): boolean {
    return this.#beginning !== undefined && !this.#isOver
  }

  /** True if there is anything to commit. */
  get isUsed(): boolean {
    return this.#beginning !== undefined || !this.gathered.isEmpty
  }

  /** The conditions for the transaction to commit. */
  get check(): TransactionCheck {
    return { marker: this.marker, epoch: this.#epoch }
  }

  /**
   * The first statement failure whose cause is not the statement itself, such as a lost connection
   * or a deadlock. An answer that a handler derives from it is not final.
   */
  get transientFailure(): Error | undefined {
    return this.#connection?.transientFailure
  }

  /**
   * The first failure of a statement whose cause may be gone at the next attempt. A problem that a
   * handler derives from it is sent to the client but not stored.
   */
  get passingFailure(): Error | undefined {
    return this.#connection?.passingFailure
  }

  /** Begins the transaction now, with the statements of an {@link Opening}. */
  begin<First extends SchemaEpochRow, Before = never>(opening: Opening): Promise<Opened<First, Before>> {
    const begun = this.#begin<First, Before>(opening)
    this.#beginning = begun
    return begun
  }

  async #begin<First extends SchemaEpochRow, Before>({
    isolation,
    before,
    first,
    isUndoable = false,
    along,
  }: Opening): Promise<Opened<First, Before>> {
    const connection = await this.#pool.acquire(this.work)
    this.#connection = connection
    const statements = [beginStatement(isolation), first]
    const scope = setTenant(this.tenant)
    if (scope) statements.push(scope)
    if (isUndoable) statements.push(startSavepoint)
    // `before` is in a separate group, so that it has its own snapshot. In the same group, `before`
    // would already start the transaction, and BEGIN could no longer set the isolation level.
    const groups = before ? [[before], statements] : [statements]
    const sent = connection.runTogether(groups, along && (() => along(connection)))
    const results = await abortable(sent, this.work.deadline)
    const row = results[before ? 2 : 1]!.rows[0] as First
    this.#epoch = row.epoch
    const isNewEpoch = connection.noteSchemaEpoch(row.epoch)
    this.#hasBegun = true
    return { first: row, before: before ? (results[0]!.rows as Before[]) : [], isNewEpoch }
  }

  /** Begins the transaction if it has not begun. */
  #begun(): Promise<unknown> {
    return (this.#beginning ??= this.#begin(this.#lateOpening))
  }

  get #lateOpening(): Opening {
    return { isolation: 'read committed', first: limitTransaction(this.limits, this.marker) }
  }

  /**
   * Begins the transaction with the first statement of its handler, in one group: if BEGIN fails,
   * the server skips the statement.
   */
  async #beginWith<Row extends pg.QueryResultRow>(
    statement: DriverStatement,
    values: unknown[] | undefined,
  ): Promise<pg.QueryResult<Row>> {
    let first: Promise<pg.QueryResult<Row>> | undefined
    const beginning = this.#beginAlong((connection) => {
      first = connection.query<Row>(statement, values)
      // If BEGIN fails, only its failure is reported.
      first.catch(() => {})
    })
    this.#beginning = beginning
    const isValid = await beginning
    return isValid ? first! : this.#connection!.query<Row>(statement, values)
  }

  /** Begins the transaction. Resolves to false if what was sent along has to be sent again. */
  async #beginAlong(along: NonNullable<Opening['along']>): Promise<boolean> {
    const { isNewEpoch } = await this.#begin({ ...this.#lateOpening, along })
    if (!isNewEpoch) return true
    // The statement may have been prepared before a migration, so the transaction begins again. No
    // other statement has run yet.
    const connection = this.#connection!
    this.#connection = undefined
    this.#hasBegun = false
    await connection.rollBack()
    connection.release()
    await this.#begin(this.#lateOpening)
    return false
  }

  /** Runs a statement of the handler. */
  async query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    query: DriverQuery,
    values?: unknown[],
  ): Promise<pg.QueryResult<Row>> {
    if (this.#isOver) throw transactionOver(this.#owner)
    if (!this.#hasBegun && this.#beginning) await this.#beginning
    // If the transaction was rolled back or ended by other means, the next statement would run
    // outside of a transaction and commit immediately.
    if (this.#hasBegun && this.#connection!.transactionStatus === 'I') throw this.#ended()
    this.work.usage.statements += 1
    const { statement, command } = toHandlerStatement(query, values, this.work.guard)
    const sent = command && this.gathered.send(command, this.#connection?.isBusy === true)
    let hasSucceeded = false
    try {
      const result = this.#hasBegun
        ? await this.#connection!.query<Row>(statement, values)
        : await this.#beginWith<Row>(statement, values)
      if (!hasRunAsWritten(result.command, command)) {
        this.#connection!.destroy()
        throw this.#ended()
      }
      hasSucceeded = true
      return result
    } finally {
      if (sent) this.gathered.settle(sent, hasSucceeded)
    }
  }

  /** Runs a statement of the framework. */
  async run<Row extends pg.QueryResultRow = pg.QueryResultRow>(statement: Statement): Promise<Row[]> {
    if (!this.#hasBegun) await this.#begun()
    const { rows } = await abortable(this.#connection!.run<Row>(statement), this.work.deadline)
    return rows
  }

  /** Rejects all further statements of the handler. */
  end(): void {
    this.#isOver = true
  }

  /**
   * Writes the gathered rows, runs the last statements and commits, in one round trip.
   *
   * @throws HoldfastError `key-not-stored` if the transaction was committed without one of the last
   * statements.
   */
  async tryCommit(commit: Commit): Promise<CommitOutcome> {
    this.#isOver = true
    let sent: Promise<pg.QueryResult>[]
    try {
      if (!this.#hasBegun) await this.#begun()
      await this.#settle(commit.isUndone === true)
      sent = this.#flush(commit)
    } catch (error) {
      return { state: 'rolled back', error }
    }
    const connection = this.#connection!
    let results: readonly PromiseSettledResult<pg.QueryResult>[]
    try {
      const answered = Promise.allSettled(sent)
      results = await (commit.wait
        ? answerWithin(answered, commit.wait)
        : abortable(answered, this.work.deadline))
    } catch (error) {
      connection.destroy()
      return { state: 'unknown', error }
    }
    const commitAt = sent.length - (commit.after ? 2 : 1)
    const outcome = await readOutcome({ results, commitAt }, connection, this.#owner)
    if (outcome.state === 'committed') this.gathered.committed()
    else if (outcome.state === 'unknown') connection.destroy()
    return outcome
  }

  /** Commits as {@link tryCommit} does, and throws unless the commit is confirmed. */
  async commit(last: NonNullable<Commit['last']> = none): Promise<void> {
    const outcome = await this.tryCommit({ last })
    if (outcome.state !== 'committed') throw outcome.error
  }

  /**
   * Waits for the statements that the handler did not await, since their failures count too. Throws
   * if the transaction cannot commit.
   */
  async #settle(isUndone: boolean): Promise<void> {
    const connection = this.#connection!
    const { deadline } = this.work
    if (connection.isBusy) await abortable(connection.whenIdle(), deadline)
    deadline.throwIfAborted()
    this.rejectEnded()
    if (connection.transactionStatus === 'E' && !isUndone)
      throw transactionAborted(this.#owner, connection.transientFailure)
  }

  #flush({ last = none, isUndone = false, after }: Commit): Promise<pg.QueryResult>[] {
    const connection = this.#connection!
    const written = isUndone ? none : this.gathered.statements()
    const statements = [
      ...(isUndone ? undoAll : none),
      ...connection.roleReset,
      ...this.#ending(written, last),
      commitStatement,
    ]
    return connection.flush(statements, after)
  }

  /**
   * Returns the statements that write the gathered rows, the last statements and the check. If the
   * check is part of the first statement after the rows, this statement also inserts the rows.
   */
  #ending(written: readonly Statement[], last: NonNullable<Commit['last']>): readonly Statement[] {
    if (typeof last === 'function') return withInserts(written, last(this.check))
    if (!this.#isChecked) return [...written, ...last]
    const check = checkTransaction(this.check)
    return last.length === 0 ? withInserts(written, [check]) : [...written, ...last, check]
  }

  /**
   * Throws if one of the handler's statements has ended the transaction: earlier statements may
   * have been committed without the later ones.
   */
  rejectEnded(): void {
    if (this.#wasEnded || this.#connection!.transactionStatus === 'I') throw this.#ended()
  }

  #ended(): HoldfastError {
    this.#wasEnded = true
    return transactionEnded(this.#owner)
  }

  /** Rolls the transaction back. Never rejects: a session that does not answer is closed. */
  async rollBack(): Promise<void> {
    this.#isOver = true
    await this.#connection?.rollBack()
  }

  /**
   * Rolls the transaction back, then runs a statement outside of the transaction: in the same
   * session, or in a new one if that session was lost.
   */
  async runAfterRollBack<Row extends pg.QueryResultRow>(statement: Statement): Promise<Row[]> {
    await this.rollBack()
    const own = this.#connection!
    const connection = own.isClosed ? await this.#pool.acquire(this.work) : own
    try {
      const { rows } = await abortable(connection.run<Row>(statement), this.work.deadline)
      return rows
    } finally {
      if (connection !== own) connection.release()
    }
  }

  /** Rolls back uncommitted work, and releases the connection. Never rejects. */
  async close(): Promise<void> {
    this.#isOver = true
    if (!this.#hasBegun) await this.#beginning?.catch(() => {})
    const connection = this.#connection
    if (!connection || this.#isClosed) return
    this.#isClosed = true
    await connection.rollBack()
    connection.release()
  }
}
