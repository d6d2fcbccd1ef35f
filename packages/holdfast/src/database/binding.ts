import type { Queryable } from '../postgres/connection.ts'

/** How a query builder is bound to what runs statements. */
export interface Binding<Read, Write> {
  /** What the builder is called, for messages. */
  readonly name: string
  /** Makes the `db` of a query. */
  read(queryable: Queryable): Read
  /** Makes the `db` of a mutation, whose statements are in a transaction. */
  write(queryable: Queryable): Write
  /**
   * Runs a handler whose `db` is asked for meanwhile, for a builder that has to prepare it, or to put it away afterwards. It ends as
   * the handler does. Default: the handler is run.
   */
  within?<T>(queryable: Queryable, run: () => T | Promise<T>): Promise<T>
}
