import { type OrderColumn, pages } from 'holdfast'

/** The ordering columns of a list. */
export interface ListOrder {
  readonly name: string
  readonly columns: readonly OrderColumn<string>[]
  /** The order as SQL. */
  readonly clause: string
  /**
   * The condition for the rows after a position, in the form that query builders generate: column
   * by column.
   */
  expanded(place: readonly (string | null)[]): string
}

export const orders: readonly ListOrder[] = [
  {
    name: 'in one direction',
    columns: [{ by: 'made_at', nulls: 'never' }, { by: 'id' }],
    clause: 'made_at, id',
    expanded: () => '(made_at > $1) or (made_at = $1 and id > $2)',
  },
  {
    name: 'in two directions',
    columns: [{ by: 'shelf', nulls: 'never' }, pages.descending('made_at', { nulls: 'never' }), { by: 'id' }],
    clause: 'shelf, made_at desc, id',
    expanded: () =>
      '(shelf > $1) or (shelf = $1 and made_at < $2) or (shelf = $1 and made_at = $2 and id > $3)',
  },
  {
    name: 'by a column with nulls',
    columns: [{ by: 'due' }, { by: 'id' }],
    clause: 'due, id',
    expanded: ([due]) =>
      due === null
        ? '$1::int is null and due is null and id > $2'
        : '(due > $1) or (due is null) or (due = $1 and id > $2)',
  },
]
