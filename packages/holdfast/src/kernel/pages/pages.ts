import { descending } from './page-order.ts'
import { pageInput } from './page-input.ts'
import { pageOutput } from './page-output.ts'

/** The parts of an operation that returns a list in pages. */
export interface PageParts {
  /**
   * Returns the input schema of a list: the page parameters plus the fields of `filters`. A service
   * does not start if a filter has the name of a page parameter.
   */
  readonly input: typeof pageInput
  /** Returns the output schema of a list whose items match `item`. */
  readonly output: typeof pageOutput
  /** Orders by a column, largest value first. */
  readonly descending: typeof descending
}

/**
 * The parts of an operation that returns a list in pages: `pages.input(filters)` and
 * `pages.output(item)` are its schemas, and `pages.descending(column)` is for its order. Its
 * handler reads a page with `page(input, list(…))`: `page` is in the context, and `list` comes from
 * `holdfast/postgres` or the query builder's entry point.
 *
 * @example
 * ```ts
 * const Entry = z.object({ id: z.int() })
 *
 * query({
 *   route: 'GET /entries',
 *   access: signedIn(),
 *   input: pages.input({ max: 50 }),
 *   output: pages.output(Entry, { max: 50 }),
 *   run: ({ input, db, page }) =>
 *     page(input, list<{ id: number }>(db, sql`select id from entries`, { order: ['id'] })),
 * })
 * ```
 */
export const pages: PageParts = { input: pageInput, output: pageOutput, descending }
