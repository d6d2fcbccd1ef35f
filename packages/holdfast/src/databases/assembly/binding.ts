import type { Queryable } from '../../storage/postgres/session/connection.ts'

/** The binding of a query builder to the sessions that run its statements. */
export interface Binding<Read, Write> {
  /** The name of the builder, for messages. */
  readonly name: string
  /** Creates the `db` of a query. */
  read(queryable: Queryable): Read
  /**
   * Creates the `db` of identifiers and access rules. Its statements are independent of each other,
   * and run outside of `within`.
   */
  readAlone(queryable: Queryable): Read
  /** Creates the `db` of a mutation, whose statements run in a transaction. */
  write(queryable: Queryable): Write
  /**
   * Runs a handler that uses `db`. Defined if the builder has work to do before or after a handler.
   * Settles as the handler does. Default: calls the handler directly.
   */
  within?<T>(queryable: Queryable, run: () => T | Promise<T>): Promise<T>
}
