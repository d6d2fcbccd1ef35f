import type { PageSource } from '../../kernel/pages/page.ts'
import { list as listSql, type ListOptions } from '../../storage/pages/list.ts'
import { type Sql, sql } from '../../storage/postgres/statement/sql.ts'

/** The part of a Prisma client that runs raw statements. */
export interface RawQueryable {
  $queryRaw(statement: Sql): PromiseLike<unknown>
}

/**
 * Creates a list for `page` from a SQL statement, written with ``Prisma.sql`…` `` or the `sql` tag.
 * Use it instead of the cursor of `findMany`: that cursor can be slow, and it loses rows whose
 * timestamps differ by microseconds. The statement contains the conditions of the list, but neither
 * ORDER BY nor LIMIT.
 *
 * @throws HoldfastError `page-order-invalid`.
 *
 * @example
 * ```ts
 * import type { RawQueryable } from 'holdfast/prisma'
 *
 * const accounts = (db: RawQueryable) =>
 *   list<{ id: string }>(db, sql`select id from accounts`, { order: ['id'] })
 * ```
 */
export function list<Row extends object>(
  db: RawQueryable,
  statement: Sql,
  options: ListOptions<keyof Row & string>,
): PageSource<Row> {
  // `Prisma.sql` returns an instance of Prisma's class, which the outer statement would treat as a
  // value.
  const inner = sql(statement.strings, ...statement.values)
  return listSql<Row>({ query: async (page) => (await db.$queryRaw(page)) as never }, inner, options)
}
