import {
  Kysely,
  type KyselyPlugin,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type Driver,
  type QueryExecutorProvider,
} from 'kysely'
import type { ReadonlyKysely } from 'kysely/readonly'
import type { Queryable } from '../../storage/postgres/session/connection.ts'
import type { Binding } from '../assembly/binding.ts'
import { SessionDriver, TransactionDriver } from './session-driver.ts'

/** The `db` of a query: Kysely's reading methods. */
export interface KyselyRead<Tables>
  extends
    Pick<
      ReadonlyKysely<Tables>,
      'case' | 'dynamic' | 'executeQuery' | 'fn' | 'selectFrom' | 'selectNoFrom' | 'with' | 'withRecursive'
    >,
    // The `sql` tag needs this interface to execute statements.
    QueryExecutorProvider {
  /**
   * Works as in Kysely. Redeclared with this return type, because neither the `sql` tag nor `list`
   * accepts Kysely's own.
   */
  withPlugin(plugin: KyselyPlugin): KyselyRead<Tables>
  /** Works as in Kysely. Redeclared for the same reason as `withPlugin`. */
  withSchema(schema: string): KyselyRead<Tables>
}

/**
 * The `db` of a mutation: Kysely, bound to the mutation's transaction. Its `transaction()` creates
 * a savepoint.
 */
export type KyselyWrite<Tables> = Kysely<Tables>

/** Binds Kysely to the sessions that run statements. */
export function bindKysely<Tables>(
  plugins: readonly KyselyPlugin[],
): Binding<KyselyRead<Tables>, KyselyWrite<Tables>> {
  const adapter = new PostgresAdapter()
  const compiler = new PostgresQueryCompiler()
  const connect = (driver: Driver): Kysely<Tables> =>
    new Kysely<Tables>({
      plugins: [...plugins],
      dialect: {
        createDriver: () => driver,
        createAdapter: () => adapter,
        createQueryCompiler: () => compiler,
        createIntrospector: (db) => new PostgresIntrospector(db),
      },
    })
  // The cast adds the executor, which Kysely's types leave out. It hides no other difference.
  const read = (queryable: Queryable): KyselyRead<Tables> =>
    connect(new SessionDriver(queryable)) as unknown as KyselyRead<Tables>
  return {
    name: 'kysely',
    read,
    readAlone: read,
    write: (queryable) => connect(new TransactionDriver(queryable)),
  }
}
