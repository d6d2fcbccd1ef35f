import { AsyncLocalStorage } from 'node:async_hooks'
import type { Binding } from '../database/binding.ts'
import type { Queryable } from '../postgres/connection.ts'
import { SessionAdapterFactory } from './session-adapter.ts'
import { withNestedArrays } from './with-nested-arrays.ts'

/** What `new PrismaClient({ adapter })` takes. */
export type PrismaAdapter = SessionAdapterFactory

/** What of a generated client is used here. */
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

/** What a query gets as `db`: what of each model reads, and raw statements. */
export type PrismaRead<Client> = {
  readonly [
    Key in keyof Client as Key extends `$${string}` ? Extract<Key, RawRead> : Key
  ]: Client[Key] extends { findMany: unknown }
    ? Pick<Client[Key], Extract<keyof Client[Key], ReadMethod>>
    : Client[Key]
}

/** What a mutation gets as `db`: what Prisma gives in a transaction, in which `$transaction` makes a savepoint. */
export type PrismaWrite<Client> = Omit<Client, '$connect' | '$disconnect' | '$extends' | '$on' | '$use'>

interface Bound<Client> extends Binding<PrismaRead<Client>, PrismaWrite<Client>> {
  /** Loads the query compiler. */
  connect(): Promise<void>
}

type Transact = <T>(
  run: (client: object) => Promise<T>,
  options: { readonly maxWait: number; readonly timeout: number },
) => Promise<T>

// How long they last is said by their calls. The longest that a timer knows.
const limits = { maxWait: 2 ** 31 - 1, timeout: 2 ** 31 - 1 }

/**
 * Binds a client of Prisma to what runs statements. One client serves all calls, since it takes milliseconds to make: each call is one of its
 * transactions, so that Prisma never batches the reads of two calls into one statement.
 */
export function bindPrisma<Client extends AnyPrismaClient>(
  create: (adapter: PrismaAdapter) => Client,
): Bound<Client> {
  const sessions = new AsyncLocalStorage<Queryable | undefined>()
  const client = create(new SessionAdapterFactory(sessions))
  const transactions = new WeakMap<Queryable, object>()
  const transact = (client.$transaction as Transact).bind(client)
  return {
    name: 'prisma',
    read: (queryable) => transactions.get(queryable) as PrismaRead<Client>,
    write: (queryable) => transactions.get(queryable) as PrismaWrite<Client>,
    within: (queryable, run) =>
      sessions.run(queryable, () =>
        transact(async (transaction) => {
          transactions.set(queryable, withNestedArrays(transaction))
          // A transaction that the handler starts with the client itself would be one without a rollback: it is refused.
          return sessions.run(undefined, run)
        }, limits),
      ),
    async connect() {
      await client.$connect()
    },
  }
}
