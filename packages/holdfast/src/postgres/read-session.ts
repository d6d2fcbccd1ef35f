import type pg from 'pg'
import type { Cancellation } from '../kernel/cancellation.ts'
import type { RunningDeadline } from '../kernel/deadline.ts'
import type { Work } from '../kernel/work.ts'
import type { Connection, Queryable } from './connection.ts'
import type { DriverQuery } from './driver-query.ts'
import type { Pool } from './pool.ts'
import { isStalePlan } from './sql-state.ts'
import { checkReadStatement } from './statement.ts'

/** Work that a query reads for. */
export interface Reading extends Work {
  readonly deadline: RunningDeadline
}

/**
 * What a query reads through: each statement takes a read-only connection and gives it back, so that a
 * handler that does something else in between holds none. Everything is interrupted when its work is over.
 */
export class ReadSession implements Queryable {
  readonly #pool: Pool
  readonly #work: Reading

  constructor(pool: Pool, work: Reading) {
    this.#pool = pool
    this.#work = work
  }

  async query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    query: DriverQuery,
    values?: unknown[],
  ): Promise<pg.QueryResult<Row>> {
    if (typeof query === 'string') checkReadStatement(query, undefined)
    else checkReadStatement(query.text, query.name)
    this.#work.usage.statements += 1
    try {
      return await this.#run(await this.#pool.acquire(this.#work), query, values)
    } catch (error) {
      if (!isStalePlan(error)) throw error
      const connection = await this.#pool.acquire(this.#work)
      connection.stopPreparing()
      return this.#run(connection, query, values)
    }
  }

  #run<Row extends pg.QueryResultRow>(
    connection: Connection,
    query: DriverQuery,
    values: unknown[] | undefined,
  ): Promise<pg.QueryResult<Row>> {
    const { deadline } = this.#work
    return runInterruptibly(connection, deadline, () =>
      connection.queryAlone<Row>({ query, values }, deadline.remainingMs()),
    )
  }
}

/** Runs work on a connection and gives that back; interrupts the work when that is cancelled. */
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
    // It may have been aborted between the wait for the connection and this.
    cancellation.throwIfAborted()
    return await work()
  } catch (error) {
    throw cancellation.aborted ? cancellation.reason : error
  } finally {
    cancellation.removeEventListener('abort', interrupt)
    // The request has to be over before another call gets the connection.
    if (interruption && !(await interruption)) connection.destroy()
    connection.release()
  }
}
