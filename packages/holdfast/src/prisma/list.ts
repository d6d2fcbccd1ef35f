import type { PageSource } from '../kernel/page.ts'
import { list as listSql, type ListOptions } from '../postgres/list.ts'
import { type Sql, sql } from '../postgres/sql.ts'

/** What of Prisma's client runs a statement of one's own. */
export interface RawQueryable {
  $queryRaw(statement: Sql): PromiseLike<unknown>
}

/**
 * A list of what a statement gives, for `page`. It is SQL, by ``Prisma.sql`…` `` or the `sql` tag: what `findMany` says of where a page begins can be slow, and
 * loses rows between microseconds. The statement has the conditions of the list, and neither ORDER BY nor LIMIT.
 *
 * @throws HoldfastError `page-order-invalid`.
 */
export function list<Row extends object>(
  db: RawQueryable,
  statement: Sql,
  options: ListOptions<keyof Row & string>,
): PageSource<Row> {
  // `Prisma.sql` makes an object of a class of Prisma's own, which would be taken for a value of the statement around it.
  const inner = sql(statement.strings, ...statement.values)
  return listSql<Row>({ query: async (page) => (await db.$queryRaw(page)) as never }, inner, options)
}
