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
import type { Binding } from '../database/binding.ts'
import { SessionDriver, TransactionDriver } from './session-driver.ts'

/** What a query gets as `db`: what of Kysely reads. */
export interface KyselyRead<Tables>
  extends
    Pick<
      ReadonlyKysely<Tables>,
      'case' | 'dynamic' | 'executeQuery' | 'fn' | 'selectFrom' | 'selectNoFrom' | 'with' | 'withRecursive'
    >,
    // Without it, the `sql` tag could not be executed.
    QueryExecutorProvider {
  /** As Kysely's. Of its own, since Kysely's gives what executes no `sql` tag, and takes no `list`. */
  withPlugin(plugin: KyselyPlugin): KyselyRead<Tables>
  /** As Kysely's, likewise. */
  withSchema(schema: string): KyselyRead<Tables>
}

/** What a mutation gets as `db`: Kysely on its transaction, in which `transaction()` makes a savepoint. */
export type KyselyWrite<Tables> = Kysely<Tables>

/** Binds Kysely to what runs statements. */
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
  return {
    name: 'kysely',
    // Its types leave the executor out; nothing else of them is narrower than what is there.
    read: (queryable) => connect(new SessionDriver(queryable)) as unknown as KyselyRead<Tables>,
    write: (queryable) => connect(new TransactionDriver(queryable)),
  }
}
