import { HoldfastError } from './holdfast-error.ts'

/** Which way a column is ordered. */
export type Direction = 'asc' | 'desc'

/**
 * Where nulls are in the order: where Postgres has them if nothing is said, `'last'` in ascending order and `'first'` in descending order,
 * or that there are none. Only an index with the same place serves the order.
 */
export type Nulls = 'first' | 'last' | 'never'

/** A column to order by, where more is to be said of it than that it ascends. */
export interface OrderColumn<Column> {
  readonly by: Column
  /** Default `'asc'`. */
  readonly direction?: Direction
  /**
   * Default: where Postgres has them. `'never'` is for a column that is NOT NULL: rows that are equal in it are then passed over by the index too. A row
   * that has a null there all the same may be left out.
   */
  readonly nulls?: Nulls
}

/** A column to order by, ascending if nothing else is said. */
export type OrderBy<Column> = Column | OrderColumn<Column>

/** A column of an order, with all that is to be known of it. */
export interface Ordering {
  readonly name: string
  readonly direction: Direction
  readonly nulls: Nulls
}

/** Orders by a column, the largest first. */
export function descending<const Column>(
  by: Column,
  options: { readonly nulls?: Nulls } = {},
): OrderColumn<Column> {
  return { by, direction: 'desc', ...options }
}

/** A column with its name, and whether it is known to be NOT NULL. */
export interface NamedColumn<Column> {
  readonly column: Column
  readonly name: string
  readonly isNotNull?: boolean
}

/** An order that has been read: its columns, and what is said of each. */
export interface ReadOrder<Column> {
  readonly columns: readonly Column[]
  readonly orderings: readonly Ordering[]
}

/**
 * Reads what a list is ordered by. The last column tells all rows apart, so it has no nulls.
 *
 * @throws HoldfastError `page-order-invalid`.
 */
export function readOrder<Column>(
  order: readonly OrderBy<Column>[],
  nameOf: (column: Column) => NamedColumn<Column>,
): ReadOrder<Column> {
  const columns: Column[] = []
  const orderings: Ordering[] = []
  for (const [index, given] of order.entries()) {
    const { by, direction = 'asc', nulls } = isOrderColumn(given) ? given : { by: given }
    const { column, name, isNotNull = false } = nameOf(by)
    const isLast = index === order.length - 1
    if (isLast && nulls !== undefined && nulls !== 'never')
      throw orderInvalid(`its last column, "${name}", tells all rows apart, and so has no nulls`)
    if (orderings.some((before) => before.name === name)) throw orderInvalid(`"${name}" is in it twice`)
    columns.push(column)
    orderings.push({
      name,
      direction,
      nulls: nulls ?? (isLast || isNotNull ? 'never' : usualNulls(direction)),
    })
  }
  if (orderings.length === 0) throw orderInvalid('it has no column')
  return { columns, orderings }
}

/** Where Postgres has nulls if nothing is said. */
export function usualNulls(direction: Direction): 'first' | 'last' {
  return direction === 'asc' ? 'last' : 'first'
}

/** The same order from its end. */
export function reversed(orderings: readonly Ordering[]): readonly Ordering[] {
  return orderings.map(({ name, direction, nulls }) => ({
    name,
    direction: direction === 'asc' ? 'desc' : 'asc',
    nulls: nulls === 'never' ? 'never' : nulls === 'first' ? 'last' : 'first',
  }))
}

function isOrderColumn<Column>(given: OrderBy<Column>): given is OrderColumn<Column> {
  return typeof given === 'object' && given !== null && 'by' in given
}

function orderInvalid(reason: string): HoldfastError {
  return new HoldfastError(
    'page-order-invalid',
    `A list cannot be paged by its order: ${reason}. Order by columns of the list, the last of them unique.`,
  )
}
