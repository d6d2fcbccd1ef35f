import { Column, is, type SQL, sql } from 'drizzle-orm'
import { type OrderBy, readOrder } from '../../kernel/pages/page-order.ts'
import type { PageSource, PositionedRow } from '../../kernel/pages/page.ts'
import { type Branch, readBranches, type SeekPart } from '../../storage/pages/seek.ts'

/**
 * A sort key of a list: a column, or an expression with a name,
 * ``sql`lower(${users.name})`.as('name')``.
 */
export type ListColumn = Column | SQL.Aliased

/** The parts that a statement must include to be read in pages. */
export interface ListParts {
  /**
   * Limits the rows to the first row of the page and the rows after it. Combine it with the other
   * conditions of `where`.
   */
  readonly where: SQL | undefined
  /** The position of a row in the order. Select it as one of the fields. */
  readonly position: SQL<(string | null)[]>
}

/** A row of the statement, with its position in the order. */
export interface Positioned {
  readonly position: (string | null)[]
}

/** Options of {@link list}. */
export interface ListOptions {
  /**
   * Counts all rows of the list, for requests that ask for the total: `() => db.$count(accounts,
   * condition)`. Default: none; a request for the total fails with `page-uncountable`.
   */
  readonly count?: () => PromiseLike<number>
}

/** The methods of a builder that add the page's order and limit to a statement. */
interface Orderable<Row> {
  orderBy(...columns: SQL[]): Orderable<Row>
  limit(limit: number): Orderable<Row>
  offset(offset: number): PromiseLike<readonly Row[]>
}

/**
 * Creates a list that `page` reads with Drizzle. `select` builds the statement from the given
 * `where` and `position`, without an order or a limit. An index on the condition columns followed
 * by the order columns makes each page as fast as the first.
 *
 * @param order The sort keys; the last column must be unique.
 *
 * @throws HoldfastError `page-order-invalid`.
 *
 * @example
 * ```ts
 * import { and, eq } from 'drizzle-orm'
 * import { integer, pgTable, text } from 'drizzle-orm/pg-core'
 * import type { DrizzleRead } from 'holdfast/drizzle'
 *
 * const accounts = pgTable('accounts', { id: text().primaryKey(), balance: integer().notNull() })
 *
 * const emptyAccounts = (db: DrizzleRead<{ accounts: typeof accounts }>) =>
 *   list([accounts.id], ({ where, position }) =>
 *     db
 *       .select({ id: accounts.id, position })
 *       .from(accounts)
 *       .where(and(eq(accounts.balance, 0), where)),
 *   )
 * ```
 */
export function list<Select extends PromiseLike<readonly Positioned[]> & { orderBy: unknown }>(
  order: readonly OrderBy<ListColumn>[],
  select: (parts: ListParts) => Select,
  options: ListOptions = {},
): PageSource<Omit<Awaited<Select>[number], 'position'>> {
  type Row = Awaited<Select>[number]
  const { columns, orderings } = readOrder(order, (column) => ({
    column,
    name: is(column, Column) ? column.name : column.fieldAlias,
    isNotNull: is(column, Column) && column.notNull,
  }))
  const expressions = columns.map((column) => (is(column, Column) ? sql`${column}` : column.sql))
  const texts = expressions.map((expression) => sql`${expression}::text`)
  const position = sql<(string | null)[]>`array[${sql.join(texts, sql`, `)}]`
  const render = (parts: readonly SeekPart[]): SQL => sql.join(parts.map((part) => toSql(part, expressions)))

  async function read({
    where,
    orderBy,
    limit,
    offset,
  }: Branch): Promise<readonly PositionedRow<Omit<Row, 'position'>>[]> {
    const condition = where && sql`(${render(where)})`
    const statement = select({ where: condition, position }) as unknown as Orderable<Row>
    const rows = await statement.orderBy(render(orderBy)).limit(limit).offset(offset)
    return rows.map(({ position: values, ...row }) => ({ row, values }))
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
