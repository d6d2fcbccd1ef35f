import type pg from 'pg'
import type { Connection, DriverQuery, Queryable } from './connection.ts'
import type { Pool } from './pool.ts'
import { checkStatement } from './statement.ts'

/**
 * What a query reads through: each statement takes a read-only connection and gives it back, so that a
 * handler that does something else in between holds none. Everything is interrupted when `signal` is aborted.
 */
export class ReadSession implements Queryable {
  readonly #pool: Pool
  readonly #signal: AbortSignal

  constructor(pool: Pool, signal: AbortSignal) {
    this.#pool = pool
    this.#signal = signal
  }

  async query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    query: DriverQuery,
    values?: unknown[],
  ): Promise<pg.QueryResult<Row>> {
    if (typeof query === 'string') checkStatement(query, undefined)
    else checkStatement(query.text, query.name)
    const connection = await this.#pool.acquire(this.#signal)
    return runInterruptibly(connection, this.#signal, () => connection.query<Row>(query, values))
  }
}

/** Runs work on a connection and gives that back; interrupts the work when the signal is aborted. */
async function runInterruptibly<T>(
  connection: Connection,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  let interruption: Promise<boolean> | undefined
  const interrupt = (): void => {
    interruption = connection.interrupt()
  }
  signal.addEventListener('abort', interrupt, { once: true })
  try {
    // It may have been aborted between the wait for the connection and this.
    signal.throwIfAborted()
    return await work()
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  } finally {
    signal.removeEventListener('abort', interrupt)
    // The request has to be over before another call gets the connection.
    if (interruption && !(await interruption)) connection.destroy()
    connection.release()
  }
}
