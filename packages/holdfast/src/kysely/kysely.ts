import type { KyselyPlugin } from 'kysely'
import type { Database } from '../kernel/database.ts'
import { createDatabase, type PostgresOptions } from '../database/create-database.ts'
import { bindKysely, type KyselyRead, type KyselyWrite } from './bind-kysely.ts'

/** Options of {@link kysely}. */
export interface KyselyOptions extends PostgresOptions {
  /** Plugins of Kysely, such as `new CamelCasePlugin()`. Default none. */
  readonly plugins?: readonly KyselyPlugin[]
}

/** A Postgres database that handlers use through Kysely: `kysely<Tables>()`, with the interface that says which tables there are. */
export function kysely<Tables>(
  options: KyselyOptions = {},
): Database<KyselyRead<Tables>, KyselyWrite<Tables>> {
  return createDatabase(bindKysely<Tables>(options.plugins ?? []), options)
}
