import type { Sql } from 'sql-template-tag'
import type { OrderBy } from '../../kernel/pages/page-order.ts'
import type { PageSource } from '../../kernel/pages/page.ts'
import { list } from './list.ts'
import type { StatementClient } from '../postgres/statement/statement-client.ts'

/** A query, the order of its rows, and a function that converts a row to an item. */
export interface ListedRows<Row, Item> {
  readonly rows: Sql
  readonly order: readonly OrderBy<keyof Row & string>[]
  readonly toItem: (row: Row) => Item
}

/** Returns a source for `page` whose items are converted from rows. */
export function listOf<Row extends object, Item>(
  client: StatementClient,
  { rows, order, toItem }: ListedRows<Row, Item>,
): PageSource<Item> {
  const query = async ({ text, values }: Sql): Promise<never> =>
    (await client.query(text, [...values])).rows as never
  const source = list<Row>({ query }, rows, { order })
  return {
    ...source,
    read: async (window) =>
      (await source.read(window)).map(({ row, values }) => ({ row: toItem(row), values })),
  }
}
