import type { Ordering } from './page-order.ts'

/**
 * How a client says where a page begins. `'cursor'`: by an opaque text that the page before gave out. `'keyset'`: by the values that the last row has in
 * the columns of the order. `'offset'`: by how many rows come before.
 */
export type PagingStyle = 'cursor' | 'keyset' | 'offset'

/** What says where another page begins, in each style. */
export interface PageMarks {
  readonly cursor: string
  /** Parameters of the request: `after_` or `before_` and the name of a column, with its value as Postgres writes it. */
  readonly keyset: Readonly<Record<string, string>>
  readonly offset: number
}

/** What a client says of the page that it wants: what `paged(…)` makes of the request. */
export interface PageRequest<Style extends PagingStyle = PagingStyle> {
  /** How many items at most. */
  readonly limit: number
  /** Default `'cursor'`. */
  readonly style?: Style
  /** Where to go on, as `next` or `prev` of another page said; absent on the first page. */
  readonly cursor?: string | undefined
  /** The page begins behind the row that has these values. */
  readonly after?: KeysetValues | undefined
  /** The page ends before the row that has these values. */
  readonly before?: KeysetValues | undefined
  /** How many rows come before the page. */
  readonly offset?: number | undefined
  /** Whether all rows of the list are to be counted. Default false. */
  readonly count?: boolean | undefined
}

/** The values that a row has in the columns of the order, by their names. */
export type KeysetValues = Readonly<Record<string, string | number | bigint | boolean>>

/** One page of a list. */
export interface Page<Item, Style extends PagingStyle = 'cursor'> {
  readonly items: Item[]
  /** Where the next page begins; absent on the last. */
  readonly next?: PageMarks[Style] | undefined
  /** Where the page before begins; absent on the first. */
  readonly prev?: PageMarks[Style] | undefined
  /** How many rows the list has in all, where that was asked for. */
  readonly total?: number | undefined
}

/** A place in an order: what a row has in each column of it, as Postgres writes it. */
export interface Position {
  readonly values: readonly (string | null)[]
  /** Whether the row at this place is part of what follows. */
  readonly isInclusive: boolean
}

/** Which rows of a list are read. */
export interface PageWindow {
  /** The order to read in: that of the list, or the reverse of it. */
  readonly orderings: readonly Ordering[]
  /** Behind which place in that order; `undefined`: from the beginning. */
  readonly after: Position | undefined
  /** How many rows at most. */
  readonly limit: number
  /** How many rows are passed over first. */
  readonly offset: number
}

/** A row with its place in the order. */
export interface PlacedRow<Row> {
  readonly row: Row
  /** As in {@link Position}. */
  readonly values: readonly (string | null)[]
}

/** A list that pages are read of: `list(…)` of `holdfast/postgres` and of the query builders makes one. */
export interface PageSource<Row> {
  /** What it is ordered by, the last column unique. */
  readonly orderings: readonly Ordering[]
  /** Reads the rows of a window, in its order. */
  read(window: PageWindow): Promise<readonly PlacedRow<Row>[]>
  /** Counts all of its rows; absent where that cannot be asked for. */
  count?(): Promise<number>
}

/** Reads one page of a list, and makes the items of its rows: the rows as they are where nothing is said. */
export interface ReadPage {
  <Row, Style extends PagingStyle = 'cursor'>(
    request: PageRequest<Style>,
    source: PageSource<Row>,
  ): Promise<Page<Row, Style>>
  <Row, Item, Style extends PagingStyle = 'cursor'>(
    request: PageRequest<Style>,
    source: PageSource<Row>,
    toItem: (row: Row) => Item,
  ): Promise<Page<Item, Style>>
}

/** The largest page that is ever given where an operation says nothing else. */
export const defaultMaxLimit = 100

/**
 * The max length of a cursor, in characters. A row that an index of Postgres can hold fits, 2,704 bytes after compression,
 * and its URL fits into the 8 KiB that proxies allow.
 */
export const maxCursorLength = 6_144
