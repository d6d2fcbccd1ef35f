import type { Database } from '../../kernel/service/database.ts'
import { createDatabase, type PostgresOptions } from '../assembly/create-database.ts'
import {
  bindDrizzle,
  type DrizzleCasing,
  type DrizzleRead,
  type DrizzleSchema,
  type DrizzleWrite,
} from './bind-drizzle.ts'

/** Options of {@link drizzle}. */
export interface DrizzleOptions extends PostgresOptions {
  /**
   * Conversion of property names to column names, for columns without a name in the schema.
   * Default: unchanged.
   */
  readonly casing?: DrizzleCasing
}

/**
 * Creates a Postgres database that handlers use through Drizzle. `schema` holds the tables and any
 * relations.
 *
 * @example
 * ```ts
 * import { integer, pgTable, text } from 'drizzle-orm/pg-core'
 *
 * const accounts = pgTable('accounts', { id: text().primaryKey(), balance: integer().notNull() })
 * const app = holdfast({ database: drizzle({ accounts }, { casing: 'snake_case' }) })
 *
 * app.query({
 *   route: 'GET /accounts/count',
 *   access: signedIn(),
 *   output: z.object({ count: z.int() }),
 *   run: async ({ db }) => ({ count: await db.$count(accounts) }),
 * })
 * ```
 */
export function drizzle<Tables extends DrizzleSchema>(
  schema: Tables,
  options: DrizzleOptions = {},
): Database<DrizzleRead<Tables>, DrizzleWrite<Tables>> {
  return createDatabase(bindDrizzle(schema, options.casing), options)
}
