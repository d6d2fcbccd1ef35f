import { AsyncLocalStorage } from 'node:async_hooks'
import type { Binding } from '../assembly/binding.ts'
import type { Queryable } from '../../storage/postgres/session/connection.ts'
import { SessionAdapterFactory } from './session-adapter.ts'
import { readEachAlone } from './read-each-alone.ts'
import { withNestedArrays } from './with-nested-arrays.ts'

/** The driver adapter for `new PrismaClient({ adapter })`. */
export type PrismaAdapter = SessionAdapterFactory

/** The members of a generated client that are used here. */
export interface AnyPrismaClient {
  $connect(): PromiseLike<unknown>
  $transaction: unknown
}

type ReadMethod =
  | 'aggregate'
  | 'count'
  | 'fields'
  | 'findFirst'
  | 'findFirstOrThrow'
  | 'findMany'
  | 'findUnique'
  | 'findUniqueOrThrow'
  | 'groupBy'

type RawRead = '$queryRaw' | '$queryRawTyped' | '$queryRawUnsafe'

/** The `db` of a query: the reading methods of each model, and raw statements. */
export type PrismaRead<Client> = {
  readonly [
    Key in keyof Client as Key extends `$${string}` ? Extract<Key, RawRead> : Key
  ]: Client[Key] extends { findMany: unknown }
    ? Pick<Client[Key], Extract<keyof Client[Key], ReadMethod>>
    : Client[Key]
}

/**
 * The `db` of a mutation: Prisma's transaction client, in which `$transaction` creates a savepoint.
 */
export type PrismaWrite<Client> = Omit<Client, '$connect' | '$disconnect' | '$extends' | '$on' | '$use'>

interface Bound<Client> extends Binding<PrismaRead<Client>, PrismaWrite<Client>> {
  /** Loads the query compiler. */
  connect(): Promise<void>
}

type Transact = <T>(
  run: (client: object) => Promise<T>,
  options: { readonly maxWait: number; readonly timeout: number },
) => Promise<T>

// The calls limit their own duration, so Prisma gets the longest possible timeout.
const limits = { maxWait: 2 ** 31 - 1, timeout: 2 ** 31 - 1 }

/**
 * Binds a Prisma client to the sessions that run statements. One client serves all calls, because
 * creating a client takes milliseconds. Each call is a separate transaction of the client, so
 * Prisma never batches the reads of two calls into one statement.
 */
export function bindPrisma<Client extends AnyPrismaClient>(
  create: (adapter: PrismaAdapter) => Client,
): Bound<Client> {
  const sessions = new AsyncLocalStorage<Queryable | undefined>()
  const client = create(new SessionAdapterFactory(sessions))
  const transactions = new WeakMap<Queryable, object>()
  const transact = (client.$transaction as Transact).bind(client)
  const within = <T>(queryable: Queryable, run: (transaction: object) => T | Promise<T>): Promise<T> =>
    sessions.run(queryable, () =>
      // A transaction that the handler starts on the client itself would have no rollback, so it is
      // rejected.
      transact(
        async (transaction) => sessions.run(undefined, () => run(withNestedArrays(transaction))),
        limits,
      ),
    )
  return {
    name: 'prisma',
    read: (queryable) => transactions.get(queryable) as PrismaRead<Client>,
    readAlone: (queryable) => readEachAlone(client, (read) => within(queryable, read)) as PrismaRead<Client>,
    write: (queryable) => transactions.get(queryable) as PrismaWrite<Client>,
    within: (queryable, run) =>
      within(queryable, (transaction) => {
        transactions.set(queryable, transaction)
        return run()
      }),
    async connect() {
      await client.$connect()
    },
  }
}
