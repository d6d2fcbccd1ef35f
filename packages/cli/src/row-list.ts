import { wholeNumber } from './option.ts'
import type { Screen } from './screen.ts'
import { type Column, table } from './table.ts'

/** The option with the max number of listed rows. */
export const limitOption: ReturnType<typeof wholeNumber> = wholeNumber('Max number of rows.', {
  min: 1,
  max: 1_000,
  initial: 50,
})

/** The rows of a list, and how they are printed. */
export interface RowList<Row> {
  readonly rows: readonly Row[]
  readonly columns: readonly Column<Row>[]
  /** The requested max number of rows. */
  readonly limit: number
  /** Returns the options that list the rows after the last one: `--after 3`. */
  readonly more: (last: Row) => string
}

/** Formats the rows of a list as a table, with a note if there may be more rows. */
export function rowList<Row>({ rows, columns, limit, more }: RowList<Row>, screen: Screen): string {
  const last = rows.at(-1)
  if (last === undefined) return 'None found.'
  const listed = table(columns, rows, screen)
  return rows.length < limit ? listed : `${listed}\nThere may be more: ${more(last)}`
}
