import { HoldfastError } from '../base/holdfast-error.ts'

/** The sort direction of a column. */
export type Direction = 'asc' | 'desc'

/**
 * The position of nulls in the order. Default: as in Postgres, `'last'` in ascending order and
 * `'first'` in descending order. `'never'` means that the column has no nulls. Only an index with
 * the same nulls ordering can serve the order.
 */
export type Nulls = 'first' | 'last' | 'never'

/** An ordering column, with its direction and the position of its nulls. */
export interface OrderColumn<Column> {
  readonly by: Column
  /** Default `'asc'`. */
  readonly direction?: Direction
  /**
   * Default: the position that Postgres uses. Set `'never'` for a NOT NULL column: the index can
   * then also skip rows with equal values in this column. If the column does contain nulls, rows
   * may be missing from the list.
   */
  readonly nulls?: Nulls
}

/** A column to order by; ascending unless an {@link OrderColumn} sets a different direction. */
export type OrderBy<Column> = Column | OrderColumn<Column>

/** An ordering column whose direction and position of nulls are resolved. */
export interface Ordering {
  readonly name: string
  readonly direction: Direction
  readonly nulls: Nulls
}

/** Orders by a column, largest value first. */
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

/** A parsed order: its columns, and their resolved orderings. */
export interface ReadOrder<Column> {
  readonly columns: readonly Column[]
  readonly orderings: readonly Ordering[]
}

/**
 * Parses the order of a list. The last column must be unique, so it cannot contain nulls.
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
      throw orderInvalid(`its last column, "${name}", must be unique and cannot contain nulls`)
    if (orderings.some((before) => before.name === name)) throw orderInvalid(`it contains "${name}" twice`)
    columns.push(column)
    orderings.push({
      name,
      direction,
      nulls: nulls ?? (isLast || isNotNull ? 'never' : defaultNulls(direction)),
    })
  }
  if (orderings.length === 0) throw orderInvalid('it is empty')
  return { columns, orderings }
}

/** Returns the default position of nulls in Postgres. */
export function defaultNulls(direction: Direction): 'first' | 'last' {
  return direction === 'asc' ? 'last' : 'first'
}

/** Returns the reverse of an order. */
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
    `Invalid order for a paginated list: ${reason}. Order by columns of the list; the last of them must be unique.`,
  )
}
