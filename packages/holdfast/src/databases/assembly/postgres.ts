import type { Database } from '../../kernel/service/database.ts'
import { bindSql, type SqlDatabase } from '../../storage/postgres/statement/sql.ts'
import { createDatabase, type PostgresOptions } from './create-database.ts'

/**
 * Creates a Postgres database that handlers query in SQL, with the `sql` tag.
 *
 * @example
 * ```ts
 * const app = holdfast({
 *   database: postgres({ migrations: './migrations', connections: 20 }),
 * })
 * ```
 */
export function postgres(options: PostgresOptions = {}): Database<SqlDatabase, SqlDatabase> {
  return createDatabase({ name: 'postgres', read: bindSql, readAlone: bindSql, write: bindSql }, options)
}
