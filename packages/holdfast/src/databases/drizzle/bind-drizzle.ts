import {
  createTableRelationsHelpers,
  type ExtractTablesWithRelations,
  extractTablesRelationalConfig,
} from 'drizzle-orm'
import {
  NodePgDatabase,
  type NodePgQueryResultHKT,
  NodePgSession,
  NodePgTransaction,
  type NodePgClient,
} from 'drizzle-orm/node-postgres'
import { PgDialect, type PgTransaction } from 'drizzle-orm/pg-core'
import type { Binding } from '../assembly/binding.ts'
import type { Queryable } from '../../storage/postgres/session/connection.ts'

/** The tables and relations of a Drizzle schema, by name. */
export type DrizzleSchema = Record<string, unknown>

/** The `db` of a query: Drizzle's reading methods. */
export type DrizzleRead<Tables extends DrizzleSchema> = Pick<
  NodePgDatabase<Tables>,
  '$count' | '$with' | 'execute' | 'query' | 'select' | 'selectDistinct' | 'selectDistinctOn' | 'with'
>

/** The `db` of a mutation: a Drizzle transaction, in which `transaction` creates a savepoint. */
export type DrizzleWrite<Tables extends DrizzleSchema> = PgTransaction<
  NodePgQueryResultHKT,
  Tables,
  ExtractTablesWithRelations<Tables>
>

/** Conversion of property names to column names, for columns without a name in the schema. */
export type DrizzleCasing = 'snake_case' | 'camelCase'

/**
 * Binds Drizzle to the sessions that run statements. Everything that depends only on the schema is
 * computed here, once.
 */
export function bindDrizzle<Tables extends DrizzleSchema>(
  schema: Tables,
  casing: DrizzleCasing | undefined,
): Binding<DrizzleRead<Tables>, DrizzleWrite<Tables>> {
  const dialect = new PgDialect(casing === undefined ? {} : { casing })
  const { tables, tableNamesMap } = extractTablesRelationalConfig<ExtractTablesWithRelations<Tables>>(
    schema,
    createTableRelationsHelpers,
  )
  const relations = { fullSchema: schema, schema: tables, tableNamesMap }
  // Drizzle expects a client of the driver but calls only its `query`.
  const sessionOf = (queryable: Queryable): NodePgSession<Tables, ExtractTablesWithRelations<Tables>> =>
    new NodePgSession(queryable as unknown as NodePgClient, dialect, relations)
  // The casts are necessary because the class's types omit the parameters of the inherited
  // constructor.
  const read = (queryable: Queryable): DrizzleRead<Tables> =>
    new NodePgDatabase(dialect, sessionOf(queryable) as never, relations as never) as never
  return {
    name: 'drizzle',
    read,
    readAlone: read,
    write: (queryable) => new NodePgTransaction(dialect, sessionOf(queryable) as never, relations),
  }
}
