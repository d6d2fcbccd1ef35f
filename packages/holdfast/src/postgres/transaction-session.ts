import type pg from 'pg'
import { HoldfastError } from '../kernel/holdfast-error.ts'
import type { Connection, DriverQuery, Queryable } from './connection.ts'
import { controlsTransaction } from './statement.ts'

/** What a mutation's handler writes through: the statements of one transaction, until its handler has ended. */
export class TransactionSession implements Queryable {
  readonly #connection: Connection
  #isOver = false

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    query: DriverQuery,
    values?: unknown[],
  ): Promise<pg.QueryResult<Row>> {
    if (this.#isOver) {
      throw new HoldfastError(
        'database-call-over',
        'A statement was run with the `db` of a mutation whose handler has ended. Await every statement within the handler.',
      )
    }
    if (controlsTransaction(typeof query === 'string' ? query : query.text)) {
      throw new HoldfastError(
        'transaction-control',
        "A mutation's handler tried to begin or end a transaction. It is in one already, which commits with its idempotency key; use a savepoint for a part that may fail.",
      )
    }
    return this.#connection.query<Row>(query, values)
  }

  /** Refuses every further statement. */
  end(): void {
    this.#isOver = true
  }
}
