import type pg from 'pg'
import { untilAborted } from '../../../kernel/base/cancellation.ts'
import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import type { Work } from '../../../kernel/host/work.ts'
import type { Connection } from '../session/connection.ts'
import type { DriverQuery } from '../session/driver-query.ts'
import { GatheredRows } from './gathered-rows.ts'
import type { Pool } from '../pool/pool.ts'
import { beginTransaction } from '../queries/begin-transaction.ts'
import { checkTransaction } from '../queries/check-transaction.ts'
import type { SchemaEpochRow } from '../queries/read-schema-epoch.ts'
import type { Statement } from '../statement/statement.ts'
import { isOtherTransaction, TransactionMarker, transactionEnded } from './transaction-marker.ts'
import { type HandlerSession, TransactionSession } from './transaction-session.ts'

const commitStatement: Statement = { text: 'COMMIT' }

/**
 * A transaction that begins with its first statement. A handler without statements needs no
 * transaction, and holds no connection before its first one.
 */
export class LazyTransaction implements HandlerSession {
  readonly gathered: GatheredRows = new GatheredRows()
  readonly #marker = new TransactionMarker()
  readonly work: Work
  readonly #pool: Pool
  readonly #limitMs: number
  #session: Promise<TransactionSession> | undefined
  #connection: Connection | undefined
  /** The schema epoch that must be unchanged at commit; `undefined` if it does not matter. */
  #epoch: number | undefined
  #isOver = false

  /**
   * `limitMs`: the max duration of the transaction, in milliseconds, including the pauses between
   * its statements.
   */
  constructor(pool: Pool, work: Work, limitMs: number) {
    this.#pool = pool
    this.work = work
    this.#limitMs = limitMs
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Whether it has begun and its handler has not ended. */
  get isOpen(): boolean {
    return this.#session !== undefined && !this.#isOver
  }

  /** Whether there is anything to commit. */
  get hasBegun(): boolean {
    return this.#session !== undefined || !this.gathered.isEmpty
  }

  async query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    query: DriverQuery,
    values?: unknown[],
  ): Promise<pg.QueryResult<Row>> {
    if (this.#isOver) {
      throw new HoldfastError(
        'database-call-over',
        'A statement was run with the `db` of a job or step that has ended. Await every statement within it.',
      )
    }
    const session = await (this.#session ??= this.#begin())
    return session.query<Row>(query, values)
  }

  /** Runs a statement of the framework. */
  async run<Row extends pg.QueryResultRow = pg.QueryResultRow>(statement: Statement): Promise<Row[]> {
    await (this.#session ??= this.#begin())
    const { rows } = await untilAborted(this.#connection!.run<Row>(statement), this.work.deadline)
    return rows
  }

  async #begin(): Promise<TransactionSession> {
    const connection = await this.#pool.acquire(this.work)
    this.#connection = connection
    const [begin, limits] = beginTransaction(this.#limitMs, this.#marker)
    const begun = connection.together(() =>
      Promise.all([connection.run(begin), connection.run<SchemaEpochRow>(limits)]),
    )
    const [, { rows }] = await untilAborted(begun, this.work.deadline)
    this.#epoch = connection.enterSchemaEpoch(rows[0]!.epoch)
    return new TransactionSession({
      connection,
      work: this.work,
      gathered: this.gathered,
      marker: this.#marker,
    })
  }

  /** Rejects all further statements of its handler. */
  end(): void {
    this.#isOver = true
  }

  /**
   * Writes the gathered rows, runs `last`, and commits, in one round trip.
   *
   * Rejects with the error of a statement if that rolled everything back. If the connection was
   * lost, it is unknown whether the transaction committed.
   */
  async commit(last: readonly Statement[]): Promise<void> {
    this.#isOver = true
    await (this.#session ??= this.#begin())
    const connection = this.#connection!
    // A handler may not have awaited its last statements; their failures count all the same.
    await untilAborted(connection.settled(), this.work.deadline)
    this.work.deadline.throwIfAborted()
    if (this.#marker.hasEnded) throw transactionEnded(theJob)
    if (connection.transactionStatus !== 'T') throw transactionFailed(connection.transientFailure)
    const check = checkTransaction({ marker: this.#marker.text, epoch: this.#epoch })
    const statements = [
      ...connection.roleReset,
      ...this.gathered.statements(),
      ...last,
      check,
      commitStatement,
    ]
    const { sent } = connection.flush(statements, () => connection.reset())
    const answered = Promise.allSettled(sent)
    const results = await untilAborted(answered, this.work.deadline)
    const failed = results.find((result) => result.status === 'rejected')
    if (failed)
      throw isOtherTransaction(failed.reason) ? transactionEnded(theJob, failed.reason) : failed.reason
    const commit = results.at(-1)
    if (commit?.status !== 'fulfilled' || commit.value.command !== 'COMMIT')
      throw transactionFailed(undefined)
    this.gathered.committed()
  }

  /** Releases its connection and rolls back an uncommitted transaction. Never rejects. */
  async close(): Promise<void> {
    this.#isOver = true
    await this.#session?.catch(() => {})
    const connection = this.#connection
    if (!connection) return
    await connection.rollBack()
    connection.release()
  }
}

const theJob = 'The handler of a job, consumer or relay'

/**
 * Returns the error of a handler that caught a statement's error and continued in the failed
 * transaction.
 */
function transactionFailed(cause: unknown): HoldfastError {
  return new HoldfastError(
    'transaction-aborted',
    'A statement of the transaction failed and its error was caught, after which Postgres commits nothing. Let the error pass, or put the part that may fail into a savepoint.',
    { cause },
  )
}
