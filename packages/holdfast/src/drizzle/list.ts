import { Column, is, type SQL, sql } from 'drizzle-orm'
import { type OrderBy, readOrder } from '../kernel/page-order.ts'
import type { PageSource, PlacedRow } from '../kernel/page.ts'
import { type Branch, readBranches, type SeekPart } from '../postgres/seek.ts'

/** What a list may be ordered by: a column, or an expression with a name, ``sql`lower(${users.name})`.as('name')``. */
export type ListColumn = Column | SQL.Aliased

/** What a statement needs so that pages can be read of it. */
export interface ListParts {
  /** Which rows are on the page and behind it: one of the conditions of `where`. */
  readonly where: SQL | undefined
  /** Where a row is in the order: one of the fields that are selected. */
  readonly place: SQL<(string | null)[]>
}

/** A row as it is selected for a page. */
export interface Placed {
  readonly place: (string | null)[]
}

/** Options of {@link list}. */
export interface ListOptions {
  /** Counts all rows of the list, for requests that ask for that: `() => db.$count(accounts, condition)`. */
  readonly count?: () => PromiseLike<number>
}

/** What of a builder puts the page's order and its ends to a statement. */
interface Orderable<Row> {
  orderBy(...columns: SQL[]): Orderable<Row>
  limit(limit: number): Orderable<Row>
  offset(offset: number): PromiseLike<readonly Row[]>
}

/**
 * A list that Drizzle reads, for `page`. `select` makes the statement, with the `where` and the `place` that it is given, and without an order or a limit. An
 * index on the columns of the order, behind those of the conditions, makes each page as fast as the first.
 *
 * @param order The last column is unique.
 * @throws HoldfastError `page-order-invalid`.
 */
export function list<Select extends PromiseLike<readonly Placed[]> & { orderBy: unknown }>(
  order: readonly OrderBy<ListColumn>[],
  select: (parts: ListParts) => Select,
  options: ListOptions = {},
): PageSource<Omit<Awaited<Select>[number], 'place'>> {
  type Row = Awaited<Select>[number]
  const { columns, orderings } = readOrder(order, (column) => ({
    column,
    name: is(column, Column) ? column.name : column.fieldAlias,
    isNotNull: is(column, Column) && column.notNull,
  }))
  const expressions = columns.map((column) => (is(column, Column) ? sql`${column}` : column.sql))
  const texts = expressions.map((expression) => sql`${expression}::text`)
  const place = sql<(string | null)[]>`array[${sql.join(texts, sql`, `)}]`
  const render = (parts: readonly SeekPart[]): SQL => sql.join(parts.map((part) => toSql(part, expressions)))

  async function read({
    where,
    orderBy,
    limit,
    offset,
  }: Branch): Promise<readonly PlacedRow<Omit<Row, 'place'>>[]> {
    const condition = where && sql`(${render(where)})`
    const statement = select({ where: condition, place }) as unknown as Orderable<Row>
    const rows = await statement.orderBy(render(orderBy)).limit(limit).offset(offset)
    return rows.map(({ place: values, ...row }) => ({ row, values }))
  }

  const { count } = options
  return {
    orderings,
    read: (window) => readBranches(window, read),
    ...(count ? { count: async () => count() } : {}),
  }
}

function toSql(part: SeekPart, expressions: readonly SQL[]): SQL {
  if (typeof part === 'string') return sql.raw(part)
  return 'column' in part ? expressions[part.column]! : sql`${part.value}`
}
