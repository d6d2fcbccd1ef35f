/** The call of a function that returns a statement. */
export interface StatementCall {
  readonly with: readonly unknown[]
  /** Max number of rows that one node of the plan reads. Default 100. */
  readonly reads?: number
  /** The reason why the statement may read a whole table. Default: the statement must not. */
  readonly readsAll?: string
  /**
   * The reason why the statement may read a whole table until the first ANALYZE of that table.
   * Default: the statement must not.
   */
  readonly readsAllUnanalyzed?: string
  /**
   * True if the conditions of the statement depend on the given filters. Postgres then plans the
   * statement for each call, since its generic plan costs more. Default false.
   */
  readonly hasFilters?: boolean
  /**
   * The statement around the query of a page; `$` stands for the text of the query. Default: the
   * query is not wrapped.
   */
  readonly within?: string
}

/**
 * The calls of a function; `'not planned'` if the function returns no statement that Postgres
 * plans.
 */
export type StatementCalls = readonly StatementCall[] | 'not planned'

/** Calls with each of the given argument lists. */
export const calls = (...given: readonly (readonly unknown[])[]): StatementCalls =>
  given.map((values) => ({ with: values }))
/** A call with options. */
export const call = (values: readonly unknown[], options: Omit<StatementCall, 'with'>): StatementCall => ({
  with: values,
  ...options,
})
