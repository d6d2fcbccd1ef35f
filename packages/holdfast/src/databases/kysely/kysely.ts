import type { KyselyPlugin } from 'kysely'
import type { Database } from '../../kernel/service/database.ts'
import { createDatabase, type PostgresOptions } from '../assembly/create-database.ts'
import { bindKysely, type KyselyRead, type KyselyWrite } from './bind-kysely.ts'

/** Options of {@link kysely}. */
export interface KyselyOptions extends PostgresOptions {
  /** Kysely plugins, such as `new CamelCasePlugin()`. Default none. */
  readonly plugins?: readonly KyselyPlugin[]
}

/**
 * Creates a Postgres database that handlers use through Kysely: `kysely<Tables>()`, with the
 * interface that declares the tables.
 *
 * @example
 * ```ts
 * interface Tables {
 *   readonly accounts: { readonly id: string; readonly balance: number }
 * }
 *
 * const app = holdfast({ database: kysely<Tables>() })
 * ```
 */
export function kysely<Tables>(
  options: KyselyOptions = {},
): Database<KyselyRead<Tables>, KyselyWrite<Tables>> {
  return createDatabase(bindKysely<Tables>(options.plugins ?? []), options)
}
