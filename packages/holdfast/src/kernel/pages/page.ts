import type { Ordering } from './page-order.ts'

/**
 * The way a client selects a page. `'cursor'`: an opaque string from another page. `'keyset'`: the
 * values of the ordering columns in the last row of another page. `'offset'`: the number of rows to
 * skip.
 */
export type PagingStyle = 'cursor' | 'keyset' | 'offset'

/** For each paging style, the value that selects another page. */
export interface PageMarks {
  readonly cursor: string
  /**
   * Values of request parameters, in the text format of Postgres. The name of a parameter is
   * `after_` or `before_`, followed by the name of a column.
   */
  readonly keyset: Readonly<Record<string, string>>
  readonly offset: number
}

/** The members of a {@link PageRequest} that do not depend on its style. */
export interface PageSize<Style extends PagingStyle = PagingStyle> {
  /** Max number of items. */
  readonly limit: number
  /** Default `'cursor'`. */
  readonly style?: Style
  /** True to count all rows of the list. Default false. */
  readonly count?: boolean | undefined
}

/** The page that a client requests, as parsed by `pages.input(…)`. */
export interface PageRequest<Style extends PagingStyle = PagingStyle> extends PageSize<Style> {
  /** The `next` or `prev` value of another page; absent on the first page. */
  readonly cursor?: string | undefined
  /** The page starts after the row with these values. */
  readonly after?: KeysetValues | undefined
  /** The page ends before the row with these values. */
  readonly before?: KeysetValues | undefined
  /** Number of rows to skip before the page. */
  readonly offset?: number | undefined
}

/** The values of a row in the ordering columns, by column name. */
export type KeysetValues = Readonly<Record<string, string | number | bigint | boolean>>

/** One page of a list. */
export interface Page<Item, Style extends PagingStyle = 'cursor'> {
  readonly items: Item[]
  /** Selects the next page; absent on the last page. */
  readonly next?: PageMarks[Style] | undefined
  /** Selects the previous page; absent on the first page. */
  readonly prev?: PageMarks[Style] | undefined
  /** The number of rows in the whole list, if requested. */
  readonly total?: number | undefined
}

/** A position in an order: the values of the ordering columns, in the text format of Postgres. */
export interface Position {
  readonly values: readonly (string | null)[]
  /** True if the page includes the row at this position. */
  readonly isInclusive: boolean
}

/** A window of a list: the rows to read. */
export interface PageWindow {
  /** The order to read in: the list's order, or its reverse. */
  readonly orderings: readonly Ordering[]
  /** The position to start after, in that order; `undefined` to start at the beginning. */
  readonly after: Position | undefined
  /** Max number of items. */
  readonly limit: number
  /** Number of rows to skip first. */
  readonly offset: number
}

/** A row with its position in the order. */
export interface PositionedRow<Row> {
  readonly row: Row
  /** The values of its ordering columns, see {@link Position}. */
  readonly values: readonly (string | null)[]
}

/**
 * A list whose pages can be read, created by `list(…)` of `holdfast/postgres` and of the query
 * builders.
 */
export interface PageSource<Row> {
  /** The order of the list; its last column is unique. */
  readonly orderings: readonly Ordering[]
  /** Reads the rows of a window, in the window's order. */
  read(window: PageWindow): Promise<readonly PositionedRow<Row>[]>
  /** Counts all rows of the list; absent if the source does not support counting. */
  count?(): Promise<number>
}

/**
 * Reads one page of a list and converts its rows to items with `toItem`; without `toItem` the rows
 * are the items.
 */
export interface ReadPage {
  <Row, Style extends PagingStyle = 'cursor'>(
    request: PageRequest<Style> | PageSize<Style>,
    source: PageSource<Row>,
  ): Promise<Page<Row, Style>>
  <Row, Item, Style extends PagingStyle = 'cursor'>(
    request: PageRequest<Style> | PageSize<Style>,
    source: PageSource<Row>,
    toItem: (row: Row) => Item,
  ): Promise<Page<Item, Style>>
}

/** The default max page size. */
export const defaultMaxLimit = 100

/**
 * Max length of a cursor, in characters. Long enough for any row that fits into a Postgres index
 * (2,704 bytes after compression), and keeps the URL below the 8 KiB that proxies allow.
 */
export const maxCursorLength = 6_144
