import type { AsyncLocalStorage } from 'node:async_hooks'
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import type { Queryable } from '../../storage/postgres/session/connection.ts'
import type { DriverStatement } from '../../storage/postgres/session/driver-query.ts'
import { hideDriverError } from '../../storage/postgres/errors/sql-state.ts'

type PgAdapter = Awaited<ReturnType<PrismaPg['connect']>>
type PrismaTransaction = Awaited<ReturnType<PgAdapter['startTransaction']>>
type PrismaStatement = Parameters<PgAdapter['queryRaw']>[0]
type PrismaRows = Awaited<ReturnType<PgAdapter['queryRaw']>>

/**
 * The driver adapter that Prisma runs statements through. A statement runs in the session of the
 * call that started the Prisma transaction.
 */
export class SessionAdapterFactory {
  readonly provider = 'postgres'
  readonly adapterName: string = 'holdfast'
  readonly #sessions: AsyncLocalStorage<Queryable | undefined>

  constructor(sessions: AsyncLocalStorage<Queryable | undefined>) {
    this.#sessions = sessions
  }

  async connect(): Promise<PgAdapterWithoutPool> {
    return {
      provider: this.provider,
      adapterName: this.adapterName,
      queryRaw: rejectOutside,
      executeRaw: rejectOutside,
      executeScript: rejectOutside,
      startTransaction: async () => {
        const queryable = this.#sessions.getStore()
        return queryable ? new SessionTransaction(queryable) : rejectOutside()
      },
      getConnectionInfo: () => ({ supportsRelationJoins: true }),
      dispose: async () => {},
    }
  }
}

type PgAdapterWithoutPool = Pick<
  PgAdapter,
  | 'adapterName'
  | 'dispose'
  | 'executeRaw'
  | 'executeScript'
  | 'getConnectionInfo'
  | 'provider'
  | 'queryRaw'
  | 'startTransaction'
>

async function rejectOutside(): Promise<never> {
  throw new HoldfastError(
    'prisma-outside-call',
    'A statement was run with the Prisma client itself, outside of any call. Use the `db` passed to the handler.',
  )
}

/**
 * A session as a Prisma transaction. Prisma does not end it: the session is committed or rolled
 * back with its call.
 */
class SessionTransaction implements PrismaTransaction {
  readonly provider = 'postgres'
  readonly adapterName: string = 'holdfast'
  // Prisma sends no COMMIT or ROLLBACK by itself.
  readonly options: PrismaTransaction['options'] = { usePhantomQuery: true }
  readonly #queryable: Queryable

  constructor(queryable: Queryable) {
    this.#queryable = queryable
  }

  queryRaw(statement: PrismaStatement): Promise<PrismaRows> {
    return runStatement(this.#queryable, (adapter) => adapter.queryRaw(statement))
  }

  executeRaw(statement: PrismaStatement): Promise<number> {
    return runStatement(this.#queryable, (adapter) => adapter.executeRaw(statement))
  }

  async commit(): Promise<void> {}

  async rollback(): Promise<void> {}

  async createSavepoint(name: string): Promise<void> {
    await this.#queryable.query(`savepoint ${name}`)
  }

  async rollbackToSavepoint(name: string): Promise<void> {
    await this.#queryable.query(`rollback to savepoint ${name}`)
  }

  async releaseSavepoint(name: string): Promise<void> {
    await this.#queryable.query(`release savepoint ${name}`)
  }
}

/**
 * Runs one statement with Prisma's own adapter for `pg`, which converts values and interprets
 * errors. The adapter gets a pool that sends to the session. Each statement gets a new adapter, so
 * that the driver error behind Prisma's error is known; creating an adapter takes a microsecond.
 *
 * @throws HoldfastError `prisma-driver-mismatch`.
 */
async function runStatement<T>(queryable: Queryable, run: (adapter: PgAdapter) => Promise<T>): Promise<T> {
  let failure: unknown
  // The pool never connects: the adapter only checks its class.
  // oxlint-disable-next-line holdfast/no-bare-pg-client
  const pool = Object.assign(new pg.Pool(), {
    query: (statement: DriverStatement) =>
      queryable.query(statement).catch((error: unknown) => {
        failure = error
        throw error
      }),
  })
  const adapter = await new PrismaPg(pool).connect()
  if (adapter.underlyingDriver() !== pool) {
    throw new HoldfastError(
      'prisma-driver-mismatch',
      'Two copies of the package `pg` are installed, so @prisma/adapter-pg would open separate connections. List them with `npm ls pg`, and reduce them to one with `npm dedupe` or an override.',
    )
  }
  try {
    return await run(adapter)
  } catch (error) {
    if (error instanceof Error && error !== failure) hideDriverError(error, failure)
    throw error
  }
}
