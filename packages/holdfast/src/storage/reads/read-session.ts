import type pg from 'pg'
import type { Cancellation } from '../../kernel/base/cancellation.ts'
import type { RunningDeadline } from '../../kernel/operation/deadline.ts'
import type { Work } from '../../kernel/host/work.ts'
import type { Connection, Queryable } from '../postgres/session/connection.ts'
import type { DriverQuery, DriverStatement } from '../postgres/session/driver-query.ts'
import { guarded } from '../postgres/statement/guarded.ts'
import type { Pool } from '../postgres/pool/pool.ts'
import type { Replica } from '../replicas/replica.ts'
import { isStalePlan, mayBeOfReplica } from '../postgres/errors/sql-state.ts'
import { checkReadStatement } from '../postgres/statement/statement.ts'

/** The work of a query, with its running deadline. */
export interface Reading extends Work {
  readonly deadline: RunningDeadline
}

/**
 * The sources of a query: its replica, and the primary for reads that the replica cannot answer.
 */
export interface ReadSources {
  readonly primary: Pool
  readonly replica: Replica | undefined
}

/** A source of connections. */
type Source = Pick<Pool, 'acquire'> & Partial<Pick<Replica, 'released'>>

/** A statement with the values of its parameters. */
interface QueryRequest {
  readonly query: DriverQuery
  readonly values: unknown[] | undefined
}

/**
 * The session of a query. Each statement takes a read-only connection and releases it, so that a
 * handler holds no connection between statements. Running statements are interrupted when the
 * call's deadline ends.
 */
export class ReadSession implements Queryable {
  readonly #primary: Pool
  readonly #work: Reading
  #replica: Replica | undefined

  constructor({ primary, replica }: ReadSources, work: Reading) {
    this.#primary = primary
    this.#replica = replica
    this.#work = work
  }

  async query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    query: DriverQuery,
    values?: unknown[],
  ): Promise<pg.QueryResult<Row>> {
    const statement: DriverStatement = typeof query === 'string' ? { text: query } : query
    checkReadStatement(statement.text, statement.name)
    this.#work.usage.statements += 1
    // The extended protocol accepts one statement at a time, so a second statement cannot be
    // appended.
    const checked = guarded(statement, values, this.#work.guard)
    const asked: QueryRequest = { query: { ...checked, queryMode: 'extended' }, values }
    if (!this.#replica) return this.#run<Row>(this.#primary, asked)
    try {
      return await this.#run<Row>(this.#replica, asked)
    } catch (error) {
      if (this.#work.deadline.aborted || !mayBeOfReplica(error)) throw error
      // A read can be run again. The primary is never behind the replica, so later reads never see
      // an older state.
      this.#replica = undefined
      return this.#run<Row>(this.#primary, asked)
    }
  }

  async #run<Row extends pg.QueryResultRow>(
    source: Source,
    asked: QueryRequest,
  ): Promise<pg.QueryResult<Row>> {
    try {
      return await this.#runOnce<Row>(await source.acquire(this.#work), source, asked)
    } catch (error) {
      if (!isStalePlan(error)) throw error
      return this.#runOnce<Row>(await source.acquire(this.#work), source, asked)
    }
  }

  #runOnce<Row extends pg.QueryResultRow>(
    connection: Connection,
    source: Source,
    asked: QueryRequest,
  ): Promise<pg.QueryResult<Row>> {
    const { deadline } = this.#work
    return runInterruptibly(connection, deadline, () =>
      connection.queryAlone<Row>(asked, deadline.remainingMs()),
    ).finally(() => source.released?.(connection))
  }
}

/** Runs work on a connection and releases it. Interrupts the work when it is cancelled. */
async function runInterruptibly<T>(
  connection: Connection,
  cancellation: Cancellation,
  work: () => Promise<T>,
): Promise<T> {
  let interruption: Promise<boolean> | undefined
  const interrupt = (): void => {
    interruption = connection.interrupt()
  }
  cancellation.addEventListener('abort', interrupt)
  try {
    // The work may have been cancelled while the connection was acquired.
    cancellation.throwIfAborted()
    return await work()
  } catch (error) {
    throw cancellation.aborted ? cancellation.reason : error
  } finally {
    cancellation.removeEventListener('abort', interrupt)
    // The cancel request must be finished before another call gets the connection.
    if (interruption && !(await interruption)) connection.destroy()
    connection.release()
  }
}
