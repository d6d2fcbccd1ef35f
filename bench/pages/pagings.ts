import { list, sql, type Sql } from 'holdfast/postgres'
import type pg from 'pg'
import type { ListOrder } from './orders.ts'

/** The position of a page. */
export interface PagePlace {
  readonly client: pg.Client
  readonly order: ListOrder
  /** The values of the row before the page; `undefined` for the first page. */
  readonly place: readonly (string | null)[] | undefined
  /** Number of rows before the page. */
  readonly depth: number
  readonly limit: number
}

/** A way to read pages. */
export interface Paging {
  readonly name: string
  /** Returns a function that reads a page and returns its number of rows. */
  reader(place: PagePlace): () => Promise<number>
}

const statement = 'select * from things'

export const pagings: readonly Paging[] = [
  {
    name: 'Holdfast',
    reader({ client, order, place, limit }) {
      const query = async ({ text, values }: Sql): Promise<never> =>
        (await client.query(text, [...values])).rows as never
      const source = list<Record<string, unknown>>({ query }, sql`select * from things`, {
        order: order.columns,
      })
      const { orderings } = source
      const after = place && { values: place, isInclusive: false }
      return async () => (await source.read({ orderings, after, limit, offset: 0 })).length
    },
  },
  {
    name: 'OFFSET',
    reader({ client, order, depth, limit }) {
      const text = `${statement} order by ${order.clause} limit $1 offset $2`
      return async () => (await client.query(text, [limit, depth])).rows.length
    },
  },
  {
    name: 'conditions joined by OR',
    reader({ client, order, place, limit }) {
      const where = place ? `where ${order.expanded(place)}` : ''
      const text = `${statement} ${where} order by ${order.clause} limit ${limit}`
      return async () => (await client.query(text, place ? [...place] : [])).rows.length
    },
  },
]
