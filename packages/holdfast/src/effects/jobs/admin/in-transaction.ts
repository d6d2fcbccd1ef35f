import type { StatementClient } from '../../../storage/postgres/statement/statement-client.ts'

interface PoolLike extends StatementClient {
  readonly totalCount: number
  connect(): Promise<StatementClient & { release(): void }>
}

interface ClientLike extends StatementClient {
  /** Transaction status as the server reports it; `'I'` (idle) outside of a transaction. */
  getTransactionStatus(): string | null
}

/** Runs work in one transaction: the client's current one, or a new one if the client has none. */
export async function inTransaction<T>(
  client: StatementClient,
  work: (client: StatementClient) => Promise<T>,
): Promise<T> {
  if (isPool(client)) {
    const own = await client.connect()
    try {
      return await inTransaction(own, work)
    } finally {
      own.release()
    }
  }
  return isInTransaction(client) ? work(client) : transact(client, work)
}

async function transact<T>(
  client: StatementClient,
  work: (client: StatementClient) => Promise<T>,
): Promise<T> {
  await client.query('begin')
  try {
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    // If the rollback fails too, the connection is gone, and the transaction with it. The first
    // error is the one to throw.
    await client.query('rollback').catch(() => {})
    throw error
  }
}

function isPool(client: StatementClient): client is PoolLike {
  return 'totalCount' in client && 'connect' in client
}

function isInTransaction(client: StatementClient): boolean {
  // A client without `getTransactionStatus` is a handler's transaction.
  return !('getTransactionStatus' in client) || (client as ClientLike).getTransactionStatus() !== 'I'
}
